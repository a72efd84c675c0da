import { expect, it } from 'vitest';
import { affineWarpFamily } from '../../harness/cases/affine-warp.js';
import { ShapeError } from '../../src/base/errors.js';
import { affineWarp } from '../../src/kernels/affine-warp.js';
import { affineWarpReference } from '../../src/reference/affine-warp.js';
import { ndarray } from '../../src/reference/array.js';
import { checkFamily } from './shared.js';

// 1 2 3
// 4 5 6
const x = ndarray([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]);
const zero = { height: 2, width: 3, mode: 'zero' } as const;

it.each([
  [
    'half a pixel to the left',
    [1, 0, 0.5, 0, 1, 0],
    [1.5, 2.5, 1.5, 4.5, 5.5, 3],
    [1.5, 2.5, 3, 4.5, 5.5, 6],
  ],
  ['a quarter turn', [0, 1, 0, 1, 0, 0], [1, 4, 0, 2, 5, 0], [1, 4, 4, 2, 5, 5]],
  ['twice as large', [0.5, 0, 0, 0, 0.5, 0], [1, 1.5, 2, 2.5, 3, 3.5], [1, 1.5, 2, 2.5, 3, 3.5]],
  ['above the picture', [1, 0, 0, 0, 1, -0.5], [0.5, 1, 1.5, 2.5, 3.5, 4.5], [1, 2, 3, 2.5, 3.5, 4.5]],
] as const)('affine_warp by hand: %s', (_what, matrix, withZeros, withEdges) => {
  const inputs = { x, matrix: ndarray([1, 2, 3], matrix) };
  expect([...affineWarpReference.forward(inputs, zero).data]).toEqual(withZeros);
  expect([...affineWarpReference.forward(inputs, { ...zero, mode: 'replicate' }).data]).toEqual(withEdges);
});

it.each([
  [{ x: [1, 3, 8, 8], matrix: [2, 3] }, {}, 'matrix must be [N,2,3]; x [1,3,8,8], matrix [2,3]'],
  [
    { x: [3, 3, 8, 8], matrix: [2, 2, 3] },
    {},
    'x.shape[0] (3) must be 1 or matrix.shape[0] (2); x [3,3,8,8], matrix [2,2,3]',
  ],
  [{ x: [1, 3, 8, 8], matrix: [1, 2, 3] }, { width: 0 }, 'width must be a positive integer, got 0'],
])('refuses %o %o', (shapes, attrs, rule) => {
  expect(() => affineWarp.output(shapes, { ...zero, ...attrs }, 'align')).toThrow(
    new ShapeError(`affine_warp at align: ${rule}`),
  );
});

checkFamily(affineWarpFamily);
