import { expect, it } from 'vitest';
import { spatialScaleFamily } from '../../harness/cases/spatial-scale.js';
import { ShapeError } from '../../src/base/errors.js';
import { spatialScale } from '../../src/kernels/spatial-scale.js';
import { ndarray } from '../../src/reference/array.js';
import { spatialScaleReference } from '../../src/reference/spatial-scale.js';
import { checkFamily } from './shared.js';

it('spatial_scale by hand: one mask for all channels', () => {
  const inputs = { x: ndarray([1, 2, 1, 2], [1, 2, 3, 4]), mask: ndarray([1, 1, 1, 2], [0, 10]) };
  const y = spatialScaleReference.forward(inputs, {});
  expect([...y.data]).toEqual([0, 20, 0, 40]);
  const dx = spatialScaleReference.backward.x!(inputs, y, ndarray([1, 2, 1, 2], [1, 1, 1, 2]), {});
  expect([...dx.data]).toEqual([0, 10, 0, 20]);
});

it.each([
  [[1, 3, 8, 9], [1, 1, 8, 8], '[1,1,8,9], got [1,1,8,8]; x [1,3,8,9]'],
  [[4, 3, 8, 9], [2, 1, 8, 9], '[1,1,8,9] or [4,1,8,9], got [2,1,8,9]; x [4,3,8,9]'],
  [[1, 3, 8, 9], [1, 3, 8, 9], '[1,1,8,9], got [1,3,8,9]; x [1,3,8,9]'],
])('refuses x %o with mask %o', (x, mask, rule) => {
  expect(() => spatialScale.output({ x, mask }, {}, 'guided')).toThrow(
    new ShapeError(`spatial_scale at guided: mask must be ${rule}`),
  );
});

checkFamily(spatialScaleFamily);
