import { expect, it } from 'vitest';
import { kernelErrorFamily } from '../../harness/cases/kernel-error.js';
import { ShapeError } from '../../src/base/errors.js';
import { kernelError } from '../../src/kernels/kernel-error.js';
import { ndarray } from '../../src/reference/array.js';
import { kernelErrorReference } from '../../src/reference/kernel-error.js';
import { checkFamily } from './shared.js';

it('kernel_error by hand: 0 for features that differ by a factor, 1 - 1/sqrt 2 for these', () => {
  const x = ndarray([2, 1], [1, 2]);
  const inputs = { x, target: ndarray([2, 2], [3, 0, 6, 0]), energy: ndarray([1], [45 ** 2]) };
  const same = kernelErrorReference.forward(inputs, {});
  expect(same.data[0]).toBeCloseTo(0, 10);
  // (1,0;0,0) and (1,0;0,1) have the cosine 1/sqrt 2.
  const one = ndarray([2, 1], [1, 0]);
  const both = ndarray([2, 2], [1, 0, 0, 1]);
  const other = { x: one, target: both, energy: ndarray([1], [2]) };
  expect(kernelErrorReference.forward(other, {}).data[0]).toBeCloseTo(1 - Math.SQRT1_2, 10);
});

it('refuses other rows', () => {
  expect(() => kernelError.output({ x: [3, 2], target: [4, 2], energy: [1] }, {}, 'relu1_1')).toThrow(
    new ShapeError(
      'kernel_error at relu1_1: x [M,C] and target [M,D] must have as many rows, got [3,2] and [4,2]',
    ),
  );
});

checkFamily(kernelErrorFamily);
