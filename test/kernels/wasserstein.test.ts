import { expect, it } from 'vitest';
import { w2CovarianceFamily } from '../../harness/cases/wasserstein.js';
import { ShapeError } from '../../src/base/errors.js';
import { w2Covariance } from '../../src/kernels/wasserstein.js';
import { ndarray } from '../../src/reference/array.js';
import { w2CovarianceReference } from '../../src/reference/wasserstein.js';
import { checkFamily } from './shared.js';

it('w2_covariance by hand', () => {
  // Commuting matrices: the distance is that of the standard deviations, (3 - 1)^2 + (1 - 2)^2 = 5.
  const inputs = { cov: ndarray([2, 2], [9, 0, 0, 1]), targetRoot: ndarray([2, 2], [1, 0, 0, 2]) };
  const attrs = { scale: 1, eps: 0 };
  const y = w2CovarianceReference.forward(inputs, attrs);
  expect(y.data[0]).toBeCloseTo(5, 5);
  // d (3 - 1)^2 / d 9 = 1 - 1/3, d (1 - 2)^2 / d 1 = 1 - 2.
  const dx = w2CovarianceReference.backward.cov!(inputs, y, ndarray([1], [3]), attrs);
  for (const [i, value] of [2, 0, 0, -3].entries()) expect(dx.data[i]).toBeCloseTo(value, 5);
});

it('is close to zero between equal covariances', () => {
  const inputs = { cov: ndarray([2, 2], [5, 4, 4, 5]), targetRoot: ndarray([2, 2], [2, 1, 1, 2]) };
  const y = w2CovarianceReference.forward(inputs, { scale: 1, eps: 1e-7 });
  // epsilon = 1e-7 * 10^2 beside eigenvalues 1 and 81 lowers the roots' traces by about epsilon (1 + 1/9).
  expect(y.data[0]).toBeCloseTo(-1e-5 * (1 + 1 / 9), 4);
});

it('names both shapes where they do not fit', () => {
  expect(() => w2Covariance.output({ cov: [3, 3], targetRoot: [4, 4] }, { scale: 1 }, 'relu3_1')).toThrow(
    new ShapeError('w2_covariance at relu3_1: cov and targetRoot must be [C,C]; cov [3,3], targetRoot [4,4]'),
  );
});

checkFamily(w2CovarianceFamily);
