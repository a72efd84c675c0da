import { expect, it } from 'vitest';
import { scaleShiftFamily } from '../../harness/cases/scale-shift.js';
import { ShapeError } from '../../src/base/errors.js';
import { scaleShift } from '../../src/kernels/scale-shift.js';
import { ndarray } from '../../src/reference/array.js';
import { scaleShiftReference } from '../../src/reference/scale-shift.js';
import { checkFamily } from './shared.js';

it('scale_shift by hand', () => {
  const inputs = {
    x: ndarray([1, 2, 1, 2], [1, 2, 3, 4]),
    scale: ndarray([2], [10, -1]),
    shift: ndarray([2], [5, 0.5]),
  };
  const y = scaleShiftReference.forward(inputs, {});
  expect([...y.data]).toEqual([15, 25, -2.5, -3.5]);
  const dx = scaleShiftReference.backward.x!(inputs, y, ndarray([1, 2, 1, 2], [1, 1, 1, 2]), {});
  expect([...dx.data]).toEqual([10, 10, -1, -2]);
});

it.each(['scale', 'shift'])('refuses a %s of another length', (name) => {
  const shapes = { x: [1, 3, 8, 8], scale: [3], shift: [3], [name]: [4] };
  expect(() => scaleShift.output(shapes, {}, 'input')).toThrow(
    new ShapeError(`scale_shift at input: ${name} must be [3], got [4]; x [1,3,8,8]`),
  );
});

checkFamily(scaleShiftFamily);
