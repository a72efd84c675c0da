// Dense symmetric matrices in float64: eigenvalues, eigenvectors, square roots.
import { ShapeError } from './errors.js';

/** The n eigenvalues and eigenvectors of a symmetric n x n matrix. */
export interface Eigen {
  /** Unordered. */
  readonly values: Float64Array;
  /** Row k is the unit eigenvector of values[k]. */
  readonly vectors: Float64Array;
}

/**
 * Symmetric square root of a symmetric positive semi-definite n x n matrix, row-major. Negative eigenvalues
 * (rounding of what produced the matrix) count as zero.
 */
export function symmetricSqrt(matrix: Float64Array, n: number): Float64Array {
  return symmetricFunction(symmetricEigen(matrix, n), n, (value) => Math.sqrt(Math.max(value, 0)));
}

/** V^T f(values) V: the matrix function of a symmetric matrix given by its eigenvalues and -vectors. */
export function symmetricFunction(
  { values, vectors }: Eigen,
  n: number,
  f: (value: number) => number,
): Float64Array {
  const out = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const factor = f(values[k]!);
    if (factor === 0) continue;
    const row = vectors.subarray(k * n, k * n + n);
    for (let i = 0; i < n; i++) {
      const left = factor * row[i]!;
      for (let j = 0, at = i * n; j < n; j++, at++) out[at]! += left * row[j]!;
    }
  }
  return out;
}

/**
 * Eigenvalues and -vectors of a symmetric n x n matrix (its lower triangle is read): Householder's reduction to
 * tridiagonal form, then the QL iteration with implicit shifts (Golub and Van Loan, Matrix Computations, 8.3).
 * Errors are of the order of 2^-52 times the largest eigenvalue; work is about 10 n^3.
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  if (matrix.length !== n * n) {
    throw new ShapeError(`symmetricEigen: a ${n}x${n} matrix has ${n * n} values, got ${matrix.length}`);
  }
  if (!matrix.every(Number.isFinite)) throw new ShapeError('symmetricEigen: every value must be finite');
  const { diagonal, below, vectors } = tridiagonalise(matrix, n);
  diagonalise(diagonal, below, vectors, n);
  return { values: diagonal, vectors };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** below[i] couples i and i + 1; the last is 0. */
  readonly below: Float64Array;
  /** Row k is column k of the orthogonal Q with matrix = Q T Q^T. */
  readonly vectors: Float64Array;
}

function tridiagonalise(matrix: Float64Array, n: number): Tridiagonal {
  const a = Float64Array.from(matrix);
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) a[i * n + j] = a[j * n + i]!;
  const below = new Float64Array(n);
  const reflectors: { v: Float64Array; beta: number }[] = [];
  for (let k = 0; k + 2 < n; k++) {
    const reflector = householder(a, n, k);
    below[k] = reflector.alpha;
    reflectors.push(reflector);
    if (reflector.beta !== 0) reflectBothSides(a, n, k + 1, reflector);
  }
  if (n > 1) below[n - 2] = a[(n - 1) * n + n - 2]!;
  const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!);

  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  // Q = H_0 H_1 ...: applied from the last, H_k changes rows and columns beyond k alone.
  for (let k = reflectors.length - 1; k >= 0; k--) {
    const { v, beta } = reflectors[k]!;
    for (let row = k + 1; row < n; row++) {
      let dot = 0;
      for (let j = k + 1; j < n; j++) dot += vectors[row * n + j]! * v[j]!;
      dot *= beta;
      for (let j = k + 1; j < n; j++) vectors[row * n + j]! -= dot * v[j]!;
    }
  }
  return { diagonal, below, vectors };
}

/** The reflection I - beta v v^T that maps column k below the diagonal to (alpha, 0, ...). */
function householder(
  a: Float64Array,
  n: number,
  k: number,
): { v: Float64Array; beta: number; alpha: number } {
  const v = new Float64Array(n);
  let norm = 0;
  for (let i = k + 1; i < n; i++) {
    v[i] = a[k * n + i]!;
    norm = Math.hypot(norm, v[i]!);
  }
  const first = v[k + 1]!;
  if (norm === 0) return { v, beta: 0, alpha: 0 };
  const alpha = first > 0 ? -norm : norm;
  v[k + 1] = first - alpha;
  // Scaled to a first entry of 1, the squares can neither overflow nor vanish.
  const scale = v[k + 1]!;
  for (let i = k + 1; i < n; i++) v[i]! /= scale;
  return { v, beta: -scale / alpha, alpha };
}

/** a <- H a H on rows and columns from `from` on, with H = I - beta v v^T. */
function reflectBothSides(
  a: Float64Array,
  n: number,
  from: number,
  { v, beta }: { v: Float64Array; beta: number },
): void {
  const w = new Float64Array(n);
  let vw = 0;
  for (let i = from; i < n; i++) {
    let dot = 0;
    for (let j = from; j < n; j++) dot += a[i * n + j]! * v[j]!;
    w[i] = beta * dot;
    vw += w[i]! * v[i]!;
  }
  for (let i = from; i < n; i++) w[i]! -= 0.5 * beta * vw * v[i]!;
  for (let i = from; i < n; i++) {
    const vi = v[i]!;
    const wi = w[i]!;
    for (let j = from; j < n; j++) a[i * n + j]! -= vi * w[j]! + wi * v[j]!;
  }
}

/** Turns the tridiagonal matrix into its eigenvalues (in `d`) and the rows of `vectors` into eigenvectors. */
function diagonalise(d: Float64Array, e: Float64Array, vectors: Float64Array, n: number): void {
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, Math.abs(d[i]!) + Math.abs(e[i]!));
  const negligible = 2 ** -53 * largest;
  for (let start = 0; start < n; start++) {
    for (;;) {
      let end = start;
      while (end < n - 1 && Math.abs(e[end]!) > negligible) end++;
      if (end === start) break;
      sweep(d, e, vectors, n, start, end);
    }
  }
}

/** One implicit QL sweep over the unreduced block start..end, shifted towards its first eigenvalue (Wilkinson). */
function sweep(
  d: Float64Array,
  e: Float64Array,
  vectors: Float64Array,
  n: number,
  start: number,
  end: number,
): void {
  const half = (d[start + 1]! - d[start]!) / (2 * e[start]!);
  const root = Math.hypot(half, 1);
  const shift = d[start]! - e[start]! / (half + (half < 0 ? -root : root));
  let bulge = d[end]! - shift;
  let cos = 1;
  let sin = 1;
  let carried = 0;
  for (let i = end - 1; i >= start; i--) {
    const f = sin * e[i]!;
    const b = cos * e[i]!;
    const r = Math.hypot(f, bulge);
    e[i + 1] = r;
    if (r === 0) {
      // The block fell apart here: give back what was carried and start again.
      d[i + 1]! -= carried;
      e[end] = 0;
      return;
    }
    sin = f / r;
    cos = bulge / r;
    const g = d[i + 1]! - carried;
    const turned = (d[i]! - g) * sin + 2 * cos * b;
    carried = sin * turned;
    d[i + 1] = g + carried;
    bulge = cos * turned - b;
    rotateRows(vectors, n, i, cos, sin);
  }
  d[start]! -= carried;
  e[start] = bulge;
  e[end] = 0;
}

/** Rows i and i + 1 turned by the angle of (cos, sin). */
function rotateRows(vectors: Float64Array, n: number, i: number, cos: number, sin: number): void {
  for (let at = i * n; at < (i + 1) * n; at++) {
    const upper = vectors[at]!;
    const lower = vectors[at + n]!;
    vectors[at + n] = sin * upper + cos * lower;
    vectors[at] = cos * upper - sin * lower;
  }
}
