import { expect, it } from 'vitest';
import { reduceSumFamily, squaredErrorFamily } from '../../harness/cases/squared-error.js';
import { ShapeError } from '../../src/base/errors.js';
import { squaredError } from '../../src/kernels/squared-error.js';
import { ndarray } from '../../src/reference/array.js';
import { reduceSumReference } from '../../src/reference/reduce.js';
import { squaredErrorReference } from '../../src/reference/squared-error.js';
import { checkFamily } from './shared.js';

it('squared_error by hand', () => {
  const inputs = { x: ndarray([3], [1, 2, 3]), target: ndarray([3], [0, 4, 3]) };
  const y = squaredErrorReference.forward(inputs, { scale: 0.5 });
  expect([...y.data]).toEqual([2.5]);
  const dx = squaredErrorReference.backward.x!(inputs, y, ndarray([1], [10]), { scale: 0.5 });
  expect([...dx.data]).toEqual([10, -20, 0]);
});

it('reduce_sum by hand', () => {
  const x = ndarray([2, 2], [1, 2, 3, 4]);
  const y = reduceSumReference.forward({ x }, { scale: 2 });
  expect([...y.data]).toEqual([20]);
  expect([...reduceSumReference.backward.x!({ x }, y, ndarray([1], [3]), { scale: 2 }).data]).toEqual([
    6, 6, 6, 6,
  ]);
});

it('names both shapes where they differ', () => {
  const shapes = { x: [1, 3, 4, 4], target: [1, 3, 4, 5] };
  expect(() => squaredError.output(shapes, { scale: 1 }, 'relu4_2')).toThrow(
    new ShapeError('squared_error at relu4_2: x [1,3,4,4] and target [1,3,4,5] must have one shape'),
  );
});

checkFamily(squaredErrorFamily);
checkFamily(reduceSumFamily);
