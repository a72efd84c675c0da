import { expect, it } from 'vitest';
import { avgPool2dFamily, maxPool2dFamily } from '../../harness/cases/pool2d.js';
import { ShapeError } from '../../src/base/errors.js';
import { avgPool2d, maxPool2d } from '../../src/kernels/pool2d.js';
import { ndarray } from '../../src/reference/array.js';
import { pad2dReference } from '../../src/reference/pad2d.js';
import { avgPool2dReference, maxPool2dReference } from '../../src/reference/pool2d.js';
import { checkFamily } from './shared.js';

const halves = { window: 2, stride: 2, pad: 0 };

it('max_pool2d by hand: a tie goes to the first pixel in row-major order', () => {
  // 1 3 | 0 0
  // 3 2 | 0 0
  const x = ndarray([1, 1, 2, 4], [1, 3, 0, 0, 3, 2, 0, 0]);
  const y = maxPool2dReference.forward({ x }, halves);
  expect([...y.data]).toEqual([3, 0]);
  const dx = maxPool2dReference.backward.x!({ x }, y, ndarray([1, 1, 1, 2], [5, 7]), halves);
  expect([...dx.data]).toEqual([0, 5, 7, 0, 0, 0, 0, 0]);
});

it('max_pool2d by hand: padding never wins', () => {
  const x = ndarray([1, 1, 1, 1], [-4]);
  expect([...maxPool2dReference.forward({ x }, { window: 3, stride: 1, pad: 1 }).data]).toEqual([-4]);
});

it('avg_pool2d by hand: padding counts, what ceilMode lets hang over does not', () => {
  const x = ndarray([1, 1, 1, 3], [1, 2, 6]);
  expect([...avgPool2dReference.forward({ x }, { window: 2, stride: 2, pad: 1 }).data]).toEqual([0.25, 2]);
  // The window of the last column has one column inside; the row below the picture is beyond the padding too.
  expect([...avgPool2dReference.forward({ x }, { ...halves, ceilMode: true }).data]).toEqual([1.5, 6]);
});

it('the pools of nn4.small2 have the sizes of its release', () => {
  const pooled = (extent: number, stride: number, pad: number) =>
    maxPool2d.output({ x: [1, 4, extent, extent] }, { window: 3, stride, pad }, 'pool').shape[2];
  expect([pooled(48, 2, 1), pooled(24, 2, 1)]).toEqual([24, 12]);
  expect([pooled(12, 2, 0), pooled(6, 2, 0), pooled(3, 2, 0)]).toEqual([5, 2, 1]);
  expect([pooled(12, 3, 0), pooled(6, 3, 0), pooled(3, 3, 0)]).toEqual([4, 2, 1]);
});

it('padding behind the picture alone: repeated edge pixels never win over the window that they are in', () => {
  // 1 5 2    "same" pooling of TensorFlow, 2x2 windows one pixel apart, has a column and a row of padding.
  // 0 -4 -3
  const x = ndarray([1, 1, 2, 3], [1, 5, 2, 0, -4, -3]);
  const sides = { top: 0, left: 0, bottom: 1, right: 1, mode: 'replicate' } as const;
  const padded = pad2dReference.forward({ x }, sides);
  const attrs = { window: 2, stride: 1, pad: 0 };
  expect([...maxPool2dReference.forward({ x: padded }, attrs).data]).toEqual([5, 5, 2, 0, -3, -3]);
});

it.each([
  [
    { window: 2, stride: 2, pad: 2 },
    'max_pool2d at pool1: pad must be an integer in 0..1 for a window of 2, got 2',
  ],
  [{ window: 0, stride: 2, pad: 0 }, 'max_pool2d at pool1: window must be a positive integer, got 0'],
  [{ window: 2, stride: 0.5, pad: 0 }, 'max_pool2d at pool1: stride must be a positive integer, got 0.5'],
  [
    { window: 9, stride: 2, pad: 0 },
    'max_pool2d at pool1: a 9x9 window with pad 0 does not fit into 8x8; x [1,3,8,8]',
  ],
])('refuses %o', (attrs, message) => {
  expect(() => maxPool2d.output({ x: [1, 3, 8, 8] }, attrs, 'pool1')).toThrow(new ShapeError(message));
});

it('avg_pool2d names itself in its messages', () => {
  expect(() => avgPool2d.output({ x: [3, 8, 8] }, halves, 'pool2')).toThrow(
    new ShapeError('avg_pool2d at pool2: expected [N,C,H,W], got [3,8,8]'),
  );
});

checkFamily(maxPool2dFamily);
checkFamily(avgPool2dFamily);
