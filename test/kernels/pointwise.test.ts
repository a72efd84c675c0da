import { expect, it } from 'vitest';
import { reluFamily, weightedAddFamily } from '../../harness/cases/pointwise.js';
import { ndarray } from '../../src/reference/array.js';
import { reluReference, weightedAddReference } from '../../src/reference/pointwise.js';
import { checkFamily } from './shared.js';

it('relu by hand: zero has gradient zero', () => {
  const x = ndarray([3], [-1, 0, 2]);
  const y = reluReference.forward({ x }, {});
  expect([...y.data]).toEqual([0, 0, 2]);
  expect([...reluReference.backward.x!({ x }, y, ndarray([3], [5, 5, 5]), {}).data]).toEqual([0, 0, 5]);
});

it('weighted_add by hand', () => {
  const y = weightedAddReference.forward(
    { a: ndarray([2], [1, 2]), b: ndarray([2], [10, 20]) },
    { alpha: 3, beta: -1 },
  );
  expect([...y.data]).toEqual([-7, -14]);
});

checkFamily(reluFamily);
checkFamily(weightedAddFamily);
