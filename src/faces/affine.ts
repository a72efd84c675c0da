// Affine maps of the plane: applied, inverted, and fitted to pairs of points.
import { InputError } from '../base/errors.js';
import type { Point } from './landmarks.js';

/** The map x' = a x + b y + c, y' = d x + e y + f as [a, b, c, d, e, f]: the rows of a 2x3 matrix. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export function applyAffine([a, b, c, d, e, f]: Affine, { x, y }: Point): Point {
  return { x: a * x + b * y + c, y: d * x + e * y + f };
}

/** The map that undoes `map`; InputError when it flattens the plane. */
export function invertAffine(map: Affine): Affine {
  const [a, b, c, d, e, f] = map;
  const determinant = a * e - b * d;
  const size = (Math.abs(a) + Math.abs(b)) * (Math.abs(d) + Math.abs(e));
  if (!(Math.abs(determinant) > 1e-12 * size)) {
    throw new InputError(`an affine map with determinant ${determinant} has no inverse`);
  }
  const [p, q, r, s] = [e / determinant, -b / determinant, -d / determinant, a / determinant];
  return [p, q, -(p * c + q * f), r, s, -(r * c + s * f)];
}

/** The one affine map that sends three points onto three others; InputError when `from` lie on a line. */
export function affineFromThree(from: readonly Point[], to: readonly Point[]): Affine {
  if (from.length !== 3 || to.length !== 3) {
    throw new InputError(
      `an affine map is fixed by three pairs of points, got ${from.length} and ${to.length}`,
    );
  }
  const [p, q, r] = from as [Point, Point, Point];
  // Relative to the first point, so that the place of the face in the picture costs no digits.
  const [qx, qy, rx, ry] = [q.x - p.x, q.y - p.y, r.x - p.x, r.y - p.y];
  const area = qx * ry - rx * qy;
  const spread = Math.hypot(qx, qy) * Math.hypot(rx, ry);
  if (!(Math.abs(area) > 1e-9 * spread)) {
    throw new InputError(
      `an affine map needs three points that are not on a line, got ${from.map(({ x, y }) => `(${x}, ${y})`).join(' ')}`,
    );
  }
  const row = (t0: number, t1: number, t2: number): [number, number, number] => {
    const a = ((t1 - t0) * ry - (t2 - t0) * qy) / area;
    const b = ((t2 - t0) * qx - (t1 - t0) * rx) / area;
    return [a, b, t0 - a * p.x - b * p.y];
  };
  const [t0, t1, t2] = to as [Point, Point, Point];
  return [...row(t0.x, t1.x, t2.x), ...row(t0.y, t1.y, t2.y)];
}

/**
 * The similarity (rotation, one scale, shift; no mirror image) that sends `from` nearest to `to` in least squares:
 * Umeyama, "Least-squares estimation of transformation parameters between two point patterns" (PAMI 1991), eqs. 40-42,
 * which in the plane need no singular value decomposition. InputError when `from` coincide or the counts differ.
 */
export function similarityFromPoints(from: readonly Point[], to: readonly Point[]): Affine {
  if (from.length !== to.length || from.length < 2) {
    throw new InputError(
      `a similarity needs at least two pairs of points, got ${from.length} and ${to.length}`,
    );
  }
  const [p, q] = [centroid(from), centroid(to)];
  let spread = 0;
  let cos = 0;
  let sin = 0;
  for (const [i, point] of from.entries()) {
    const [x, y] = [point.x - p.x, point.y - p.y];
    const [u, v] = [to[i]!.x - q.x, to[i]!.y - q.y];
    spread += x * x + y * y;
    cos += x * u + y * v;
    sin += x * v - y * u;
  }
  const [a, b] = [cos / spread, sin / spread];
  if (!(spread > 0) || !(Math.hypot(a, b) > 0)) {
    throw new InputError(
      `a similarity cannot be fitted to points that coincide or share no shape (${from.length} pairs)`,
    );
  }
  return [a, -b, q.x - a * p.x + b * p.y, b, a, q.y - b * p.x - a * p.y];
}

function centroid(points: readonly Point[]): Point {
  let x = 0;
  let y = 0;
  for (const point of points) {
    x += point.x / points.length;
    y += point.y / points.length;
  }
  return { x, y };
}
