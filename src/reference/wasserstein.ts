// CPU twin of w2_covariance: eigenvalues instead of an iteration.
import { type Eigen, symmetricEigen, symmetricFunction } from '../base/linalg.js';
import { type Arrays, abs, map, type NdArray, ndarray, type ReferenceOp } from './array.js';
import { product, transposed } from './matmul.js';

interface Attrs {
  readonly scale: number;
  readonly eps?: number;
  readonly iterations?: number;
}

const EPS = 1e-7;
const ITERATIONS = 24;

interface Roots {
  readonly n: number;
  readonly r: NdArray;
  readonly traces: number;
  /** Eigenvalues and -vectors of M = R cov R + epsilon I. */
  readonly eigen: Eigen;
  readonly size: number;
}

function roots({ cov, targetRoot }: Arrays, { eps = EPS }: Attrs): Roots {
  const n = cov!.shape[0]!;
  // The distance is defined for symmetric matrices: a step in one element is one in its mirror image too.
  const other = transposed(cov!);
  const even = map(cov!, (value, i) => 0.5 * (value + other.data[i]!));
  const r = targetRoot!;
  const energy = r.data.reduce((sum, value) => sum + value * value, 0);
  const m = product(product(r, even), r);
  const norm = Math.sqrt(m.data.reduce((sum, value) => sum + value * value, 0));
  const epsilon = Math.max(eps * energy * energy, 2 ** -22 * norm);
  for (let i = 0; i < n; i++) m.data[i * (n + 1)]! += epsilon;
  let traces = energy;
  for (let i = 0; i < n; i++) traces += cov!.data[i * (n + 1)]!;
  return { n, r, traces, eigen: symmetricEigen(m.data, n), size: norm + epsilon };
}

function forward(inputs: Arrays, attrs: Attrs): NdArray {
  const { eigen, traces } = roots(inputs, attrs);
  return ndarray(
    [1],
    [attrs.scale * (traces - 2 * eigen.values.reduce((sum, value) => sum + Math.sqrt(value), 0))],
  );
}

function backward(inputs: Arrays, dy: number, attrs: Attrs): NdArray {
  const { n, r, eigen } = roots(inputs, attrs);
  const inverse = ndarray(
    [n, n],
    symmetricFunction(eigen, n, (value) => 1 / Math.sqrt(value)),
  );
  return map(
    product(product(r, inverse), r),
    (value, i) => attrs.scale * dy * ((i % (n + 1) === 0 ? 1 : 0) - value),
  );
}

/** Products whose rounding errors meet in one element: C terms of a sum, three products a step. */
function terms(n: number, { iterations = ITERATIONS }: Attrs): number {
  return n + 3 * iterations;
}

/**
 * How far float32 leads the scaled roots Y and Z = Y^-1 of M / size astray, in their eigenbasis and in units of
 * 2^-24. Rounding a product adds 1 (the norm of Y) to E = error of Y and z_max (that of Z) to F = error of Z; a
 * converged step maps (E, F) to (E - Y F Y, F - Z E Z) / 2 and lets neither grow further. M itself errs by a
 * rounding of |R| |cov| |R|, which its roots amplify as their derivatives do (Higham 2008, theorem 6.12).
 */
function rootErrors(inputs: Arrays, attrs: Attrs) {
  const { n, r, eigen, size } = roots(inputs, attrs);
  const y = Array.from(eigen.values, (value) => Math.sqrt(value / size));
  const largest = 1 / Math.min(...y);
  const rounded = product(product(abs(r), abs(inputs.cov!)), abs(r));
  const vectors = ndarray([n, n], eigen.vectors);
  const spread = product(
    product(
      abs(vectors),
      map(rounded, (value) => value / size),
    ),
    abs(transposed(vectors)),
  );
  const each = (f: (yi: number, yj: number, m: number) => number) =>
    map(spread, (m, at) => f(y[Math.floor(at / n)]!, y[at % n]!, m));
  return {
    r,
    size,
    vectors,
    ofRoot: each((yi, yj, m) => 1 + yi * yj * largest + m / (yi + yj)),
    ofInverse: each((yi, yj, m) => largest + 1 / (yi * yj) + m / (yi * yj * (yi + yj))),
  };
}

export const w2CovarianceReference: ReferenceOp<Attrs> = {
  forward,
  backward: { cov: (inputs, _y, dy, attrs) => backward(inputs, dy.data[0]!, attrs) },
  forwardBound(inputs, attrs) {
    const { traces, n } = roots(inputs, attrs);
    const { ofRoot, size } = rootErrors(inputs, attrs);
    let trace = 0;
    for (let i = 0; i < n; i++) trace += ofRoot.data[i * (n + 1)]!;
    const magnitude = Math.abs(attrs.scale) * (2 * traces + 2 * Math.sqrt(size) * trace);
    return { magnitude: ndarray([1], [magnitude]), terms: terms(n, attrs) };
  },
  backwardBound: {
    cov(inputs, _y, dy, attrs) {
      const { r, size, vectors, ofInverse } = rootErrors(inputs, attrs);
      const n = r.shape[0]!;
      // Columns of R in the eigenbasis carry the error of Z to both sides of R Z R.
      const turned = abs(product(vectors, r));
      const error = product(product(transposed(turned), ofInverse), turned);
      const gradient = Math.abs(attrs.scale * dy.data[0]!);
      const magnitude = map(
        error,
        (value, i) => gradient * ((i % (n + 1) === 0 ? 1 : 0) + value / Math.sqrt(size)),
      );
      return { magnitude, terms: terms(n, attrs) };
    },
  },
};
