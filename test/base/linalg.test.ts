import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/base/errors.js';
import { symmetricEigen, symmetricSqrt } from '../../src/base/linalg.js';
import { normal } from '../../src/base/random.js';

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) for (let j = 0; j < n; j++) out[i * n + j]! += a[i * n + k]! * b[k * n + j]!;
  return out;
}

function distance(a: Float64Array, b: Float64Array): number {
  return a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0);
}

/** G G^T for a random n x rank G. */
function semidefinite(n: number, rank: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let k = 0; k < rank; k++) out[i * n + j]! += normal(7, i * rank + k) * normal(7, j * rank + k);
  return out;
}

describe('symmetricEigen', () => {
  it('does a 2x2 matrix by hand', () => {
    // (2 1; 1 2): eigenvalues 1 and 3.
    const { values } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
    expect([...values].sort()).toEqual([expect.closeTo(1, 14), expect.closeTo(3, 14)]);
  });

  it.each([
    ['one value', 1, () => Float64Array.of(5)],
    ['zero', 4, () => new Float64Array(16)],
    ['diagonal', 3, () => Float64Array.of(3, 0, 0, 0, -1, 0, 0, 0, 2)],
    ['full rank', 40, () => semidefinite(40, 60)],
    ['rank 3 of 50', 50, () => semidefinite(50, 3)],
    ['equal eigenvalues', 30, () => Float64Array.from({ length: 900 }, (_, i) => (i % 31 === 0 ? 3 : 1))],
  ] as const)('restores the matrix: %s', (_, n, make) => {
    const matrix = make();
    const { values, vectors } = symmetricEigen(matrix, n);
    const size = Math.max(...values.map(Math.abs), 1e-300);
    const transposed = Float64Array.from(vectors, (_v, i) => vectors[(i % n) * n + Math.floor(i / n)]!);
    const scaled = vectors.map((value, i) => value * values[Math.floor(i / n)]!);
    // Backward error of the two orthogonal reductions: a small multiple of n 2^-53 |A|.
    const tolerance = 8 * n * 2 ** -53;
    expect(distance(multiply(transposed, scaled, n), matrix)).toBeLessThanOrEqual(tolerance * size);
    const identity = Float64Array.from({ length: n * n }, (_v, i) => (i % (n + 1) === 0 ? 1 : 0));
    expect(distance(multiply(vectors, transposed, n), identity)).toBeLessThanOrEqual(tolerance);
  });

  it('refuses a wrong length and NaN', () => {
    expect(() => symmetricEigen(new Float64Array(5), 2)).toThrow(
      new ShapeError('symmetricEigen: a 2x2 matrix has 4 values, got 5'),
    );
    expect(() => symmetricEigen(Float64Array.of(1, Number.NaN, 0, 1), 2)).toThrow(ShapeError);
  });
});

describe('symmetricSqrt', () => {
  it('does a 2x2 matrix by hand', () => {
    // (5 4; 4 5) = (2 1; 1 2)^2
    const root = symmetricSqrt(Float64Array.of(5, 4, 4, 5), 2);
    for (const [i, value] of [2, 1, 1, 2].entries()) expect(root[i]).toBeCloseTo(value, 13);
  });

  it.each([
    [32, 32],
    [32, 5],
  ])('squares back to a %ix%i-factor matrix', (n, rank) => {
    const matrix = semidefinite(n, rank);
    const root = symmetricSqrt(matrix, n);
    expect(distance(multiply(root, root, n), matrix)).toBeLessThan(1e-12 * Math.max(...matrix));
  });
});
