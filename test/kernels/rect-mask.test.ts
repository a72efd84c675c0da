import { expect, it } from 'vitest';
import { rectMaskFamily } from '../../harness/cases/rect-mask.js';
import { ShapeError } from '../../src/base/errors.js';
import { rectMask } from '../../src/kernels/rect-mask.js';
import { ndarray } from '../../src/reference/array.js';
import { rectMaskReference } from '../../src/reference/rect-mask.js';
import { checkFamily } from './shared.js';

it('rect_mask by hand: what lies outside is zero, infinite or not', () => {
  const x = ndarray([1, 1, 2, 3], [1, 2, Number.POSITIVE_INFINITY, 4, 5, 6]);
  const attrs = { top: 0, left: 0, bottom: 2, right: 2 };
  const y = rectMaskReference.forward({ x }, attrs);
  expect([...y.data]).toEqual([1, 2, 0, 4, 5, 0]);
  const dx = rectMaskReference.backward.x!({ x }, y, ndarray([1, 1, 2, 3], [1, 1, 1, 1, 1, 1]), attrs);
  expect([...dx.data]).toEqual([1, 1, 0, 1, 1, 0]);
});

it.each([
  [{ top: 3, bottom: 2 }, 'rows must be 0 <= begin <= end <= 4, got 3..2'],
  [{ right: 6 }, 'columns must be 0 <= begin <= end <= 5, got 0..6'],
  [{ left: 0.5 }, 'columns must be 0 <= begin <= end <= 5, got 0.5..5'],
])('refuses %o', (attrs, rule) => {
  const given = { top: 0, left: 0, bottom: 4, right: 5, ...attrs };
  expect(() => rectMask.output({ x: [1, 3, 4, 5] }, given, 'core')).toThrow(
    new ShapeError(`rect_mask at core: ${rule}; x [1,3,4,5]`),
  );
});

checkFamily(rectMaskFamily);
