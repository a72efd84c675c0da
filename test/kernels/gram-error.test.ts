import { expect, it } from 'vitest';
import { gramErrorFamily } from '../../harness/cases/gram-error.js';
import { ShapeError } from '../../src/base/errors.js';
import { gramError } from '../../src/kernels/gram-error.js';
import { ndarray } from '../../src/reference/array.js';
import { gramErrorReference } from '../../src/reference/gram-error.js';
import { checkFamily } from './shared.js';

it('gram_error by hand: two blocks of one row', () => {
  // Gram matrices 4 and 1: (4 - 1)^2 / 1 = 9. Then 9 and 9: 0.
  const inputs = {
    x: ndarray([2, 1], [2, -3]),
    target: ndarray([2, 1], [1, 3]),
    energy: ndarray([2], [1, 81]),
  };
  const y = gramErrorReference.forward(inputs, { block: 1 });
  expect(y.data[0]).toBeCloseTo(9 / 2, 4);
  // 4 * 2 * (4 - 1) / 2.
  const dx = gramErrorReference.backward.x!(inputs, y, ndarray([1], [1]), { block: 1 });
  expect(dx.data[0]).toBeCloseTo(12, 4);
  expect(dx.data[1]).toBe(0);
});

it('refuses blocks that do not divide the rows', () => {
  expect(() => gramError.output({ x: [7, 3], target: [7, 3], energy: [3] }, { block: 2 }, 'relu3_1')).toThrow(
    new ShapeError('gram_error at relu3_1: blocks of 2 rows must divide x.shape[0] (7)'),
  );
});

it('refuses energies of other blocks', () => {
  expect(() => gramError.output({ x: [6, 3], target: [6, 3], energy: [2] }, { block: 2 }, 'relu3_1')).toThrow(
    new ShapeError('gram_error at relu3_1: energy must be one of each block, [3], got [2]'),
  );
});

checkFamily(gramErrorFamily);
