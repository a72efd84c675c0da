// Where a head looks, from its landmarks.
import { symmetricEigen } from '../base/linalg.js';
import { HEAD_MODEL } from './head-model.js';
import { assertLandmarks, type Point } from './landmarks.js';

/** Angles of a head in degrees, each in [-180, 180]; all 0 looks straight into the camera. */
export interface Pose {
  /** Above 0: turned to the right of the picture. */
  readonly yaw: number;
  /** Above 0: looks up. */
  readonly pitch: number;
  /** Above 0: tilted clockwise in the picture. */
  readonly roll: number;
  /** Root mean square distance of landmarks and fitted model, in distances of the outer eye corners. */
  readonly residual: number;
}

/** Model and depth alternate until the rotation moves less than this (entries of the matrix). */
const SETTLED = 1e-7;
const MOST_ROUNDS = 200;

type Matrix3 = Float64Array;

/**
 * The pose of the rigid head model whose scaled-orthographic picture is nearest to the landmarks in least squares. The
 * depth of each point is filled in from the last pose, and the rotation found in closed form with unit quaternions
 * (Horn, "Closed-form solution of absolute orientation using unit quaternions", JOSA A 1987), in turn; no round can make
 * the fit worse. R = Rz(roll) Ry(-yaw) Rx(-pitch) with x to the right, y down, z away from the camera.
 */
export function estimatePose(landmarks: readonly Point[]): Pose {
  assertLandmarks('pose', landmarks);
  const seen = centred(HEAD_MODEL.map(({ landmark }) => [landmarks[landmark]!.x, landmarks[landmark]!.y, 0]));
  let rotation: Matrix3 = upright();
  let scale = flatScale(rotation, seen);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    for (const [i, point] of MODEL.entries()) seen[i]![2] = scale * dot(rotation, 6, point);
    const next = rotationBetween(MODEL, seen);
    const moved = Math.max(...next.map((v, i) => Math.abs(v - rotation[i]!)));
    rotation = next;
    scale = flatScale(rotation, seen);
    if (moved < SETTLED) break;
  }
  const degrees = 180 / Math.PI;
  return {
    yaw: Math.asin(Math.min(1, Math.max(-1, rotation[6]!))) * degrees,
    pitch: -Math.atan2(rotation[7]!, rotation[8]!) * degrees,
    roll: Math.atan2(rotation[3]!, rotation[0]!) * degrees,
    residual: residual(rotation, scale, seen) / Math.abs(scale),
  };
}

const MODEL = centred(HEAD_MODEL.map(({ x, y, z }) => [x, y, z]));

function centred(points: readonly (readonly [number, number, number])[]): Float64Array[] {
  const mean = [0, 1, 2].map((axis) => points.reduce((sum, p) => sum + p[axis]!, 0) / points.length);
  return points.map((p) => Float64Array.from(p, (v, axis) => v - mean[axis]!));
}

function upright(): Matrix3 {
  return Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
}

/** Row of `matrix` that starts at `from`, times a vector. */
function dot(matrix: Float64Array, from: number, vector: Float64Array): number {
  return matrix[from]! * vector[0]! + matrix[from + 1]! * vector[1]! + matrix[from + 2]! * vector[2]!;
}

/** The scale that brings the turned model's x and y nearest to what is seen. */
function flatScale(rotation: Matrix3, seen: readonly Float64Array[]): number {
  let both = 0;
  let own = 0;
  for (const [i, point] of MODEL.entries()) {
    for (const axis of [0, 1]) {
      const value = dot(rotation, 3 * axis, point);
      both += value * seen[i]![axis]!;
      own += value * value;
    }
  }
  return both / own;
}

function residual(rotation: Matrix3, scale: number, seen: readonly Float64Array[]): number {
  let sum = 0;
  for (const [i, point] of MODEL.entries()) {
    for (const axis of [0, 1]) sum += (scale * dot(rotation, 3 * axis, point) - seen[i]![axis]!) ** 2;
  }
  return Math.sqrt(sum / MODEL.length);
}

/** The rotation R that brings R from[i] nearest to to[i], up to a scale (Horn 1987, section 4). */
function rotationBetween(from: readonly Float64Array[], to: readonly Float64Array[]): Matrix3 {
  const sum = (a: number, b: number) => from.reduce((total, p, i) => total + p[a]! * to[i]![b]!, 0);
  const [xx, xy, xz] = [sum(0, 0), sum(0, 1), sum(0, 2)];
  const [yx, yy, yz] = [sum(1, 0), sum(1, 1), sum(1, 2)];
  const [zx, zy, zz] = [sum(2, 0), sum(2, 1), sum(2, 2)];
  // Horn's symmetric matrix N; its eigenvector of the largest eigenvalue is the quaternion.
  const n = Float64Array.of(
    ...[xx + yy + zz, yz - zy, zx - xz, xy - yx],
    ...[yz - zy, xx - yy - zz, xy + yx, zx + xz],
    ...[zx - xz, xy + yx, -xx + yy - zz, yz + zy],
    ...[xy - yx, zx + xz, yz + zy, -xx - yy + zz],
  );
  const { values, vectors } = symmetricEigen(n, 4);
  const best = values.indexOf(Math.max(...values));
  const [w, x, y, z] = Array.from(vectors.subarray(4 * best, 4 * best + 4)) as [
    number,
    number,
    number,
    number,
  ];
  return Float64Array.of(
    ...[w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
    ...[2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
    ...[2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
  );
}
