import { expect, it } from 'vitest';
import { columnNormalizeFamily } from '../../harness/cases/column-normalize.js';
import { ShapeError } from '../../src/base/errors.js';
import { columnNormalize } from '../../src/kernels/column-normalize.js';
import { ndarray } from '../../src/reference/array.js';
import { columnNormalizeReference } from '../../src/reference/column-normalize.js';
import { checkFamily } from './shared.js';

it('column_normalize by hand: 1 and 5 have the mean 3', () => {
  const attrs = { centre: true, divide: true, epsilon: 1 };
  const x = ndarray([2, 1], [1, 5]);
  const y = columnNormalizeReference.forward({ x }, attrs);
  expect([...y.data]).toEqual([-0.5, 0.5]);
  // Weighed 1 * (1 - 0.5) and 0; their mean is 0.25.
  const dx = columnNormalizeReference.backward.x!({ x }, y, ndarray([2, 1], [1, 0]), attrs);
  expect([...dx.data]).toEqual([0.75 / 4, -0.25 / 4]);
});

it('refuses what is no matrix', () => {
  const attrs = { centre: true, divide: true, epsilon: 1 };
  expect(() => columnNormalize.output({ x: [1, 2, 3] }, attrs, 'relu1_1')).toThrow(
    new ShapeError('column_normalize at relu1_1: expected [M,C], got [1,2,3]'),
  );
});

checkFamily(columnNormalizeFamily);
