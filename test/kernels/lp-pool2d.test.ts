import { expect, it } from 'vitest';
import { lpPool2dFamily } from '../../harness/cases/lp-pool2d.js';
import { ShapeError } from '../../src/base/errors.js';
import { lpPool2d } from '../../src/kernels/lp-pool2d.js';
import { ndarray } from '../../src/reference/array.js';
import { lpPool2dReference } from '../../src/reference/lp-pool2d.js';
import { checkFamily } from './shared.js';

it('lp_pool2d by hand: norms of 3-4-5 triangles, and no gradient where all is zero', () => {
  const x = ndarray([1, 1, 2, 4], [3, 0, 0, 0, 0, -4, 0, 0]);
  const attrs = { window: 2, stride: 2, pad: 0 };
  const y = lpPool2dReference.forward({ x }, attrs);
  expect([...y.data]).toEqual([5, 0]);
  const dx = lpPool2dReference.backward.x!({ x }, y, ndarray([1, 1, 1, 2], [10, 7]), attrs);
  expect([...dx.data]).toEqual([6, 0, 0, 0, 0, -8, 0, 0]);
});

it.each([
  [{ window: 2, stride: 2, pad: 2 }, 'pad must be an integer in 0..1 for a window of 2, got 2'],
  [{ window: 9, stride: 1, pad: 0 }, 'a 9x9 window with pad 0 does not fit into 8x8; x [1,3,8,8]'],
])('refuses %o', (attrs, rule) => {
  expect(() => lpPool2d.output({ x: [1, 3, 8, 8] }, attrs, 'pool3b')).toThrow(
    new ShapeError(`lp_pool2d at pool3b: ${rule}`),
  );
});

checkFamily(lpPool2dFamily);
