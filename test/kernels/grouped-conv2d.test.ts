import { expect, it } from 'vitest';
import { depthwiseConv2dFamily, groupedConv2dFamily } from '../../harness/cases/grouped-conv2d.js';
import { ShapeError } from '../../src/base/errors.js';
import { type Padding, samePadding, sidesOf } from '../../src/base/padding.js';
import { depthwiseConv2d } from '../../src/kernels/depthwise-conv2d.js';
import { groupedConv2d } from '../../src/kernels/grouped-conv2d.js';
import { ndarray } from '../../src/reference/array.js';
import { conv2dReference } from '../../src/reference/conv2d.js';
import { depthwiseConv2dReference, groupedConv2dReference } from '../../src/reference/grouped-conv2d.js';
import { checkFamily } from './shared.js';

const x = ndarray([1, 2, 2, 2], [1, 2, 3, 4, 10, 20, 30, 40]);

it('depthwise_conv2d by hand: every channel has its own filter', () => {
  const weight = ndarray([2, 1, 1, 2], [1, 2, -1, 1]);
  const bias = ndarray([2], [100, 0]);
  const y = depthwiseConv2dReference.forward({ x, weight, bias }, { stride: 1, pad: 0 });
  // 1+2*2, 3+2*4 plus 100, and -10+20, -30+40.
  expect([...y.data]).toEqual([105, 111, 10, 10]);
});

it('depthwise_conv2d by hand: zeros behind the picture alone', () => {
  const weight = ndarray([2, 1, 1, 2], [1, 2, -1, 1]);
  const pad = { top: 0, bottom: 0, left: 0, right: 1 };
  const y = depthwiseConv2dReference.forward({ x, weight }, { stride: 1, pad });
  expect([...y.data]).toEqual([5, 2, 11, 4, 10, -20, 10, -40]);
});

it('grouped_conv2d by hand: each half of the outputs sees its half of the inputs', () => {
  const weight = ndarray([4, 1, 1, 1], [1, 2, 3, 4]);
  const y = groupedConv2dReference.forward({ x, weight }, { stride: 1, pad: 0, groups: 2 });
  expect([...y.data]).toEqual([1, 2, 3, 4, 2, 4, 6, 8, 30, 60, 90, 120, 40, 80, 120, 160]);
});

it('one group is a convolution', () => {
  const weight = ndarray([1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
  const inputs = { x, weight, bias: ndarray([1], [0.5]) };
  const attrs = { stride: 1, pad: 1 };
  expect(groupedConv2dReference.forward(inputs, { ...attrs, groups: 1 })).toEqual(
    conv2dReference.forward(inputs, attrs),
  );
});

it.each([
  [[112, 112], [3, 3], 2, { top: 0, bottom: 1, left: 0, right: 1 }],
  [[13, 14], [3, 3], 2, { top: 1, bottom: 1, left: 0, right: 1 }],
  [[13, 13], [3, 3], 1, { top: 1, bottom: 1, left: 1, right: 1 }],
  [[5, 5], [2, 4], 1, { top: 0, bottom: 1, left: 1, right: 2 }],
  [[5, 5], [1, 1], 3, { top: 0, bottom: 0, left: 0, right: 0 }],
] as const)('"same" padding of %o under a window of %o at stride %i', (extents, window, stride, sides) =>
  expect(samePadding(extents, window, stride)).toEqual(sides),
);

it.each<[Padding, string]>([
  [-1, 'pad must be an integer of at least 0, got -1'],
  [{ top: 0, bottom: 0.5, left: 0, right: 0 }, 'pad.bottom must be an integer of at least 0, got 0.5'],
])('padding %o is refused', (pad, rule) =>
  expect(() => sidesOf('conv1', pad)).toThrow(new ShapeError(`conv1: ${rule}`)),
);

const shapes = { x: [1, 6, 8, 8], weight: [6, 1, 3, 3] };

it.each([
  [
    { ...shapes, weight: [5, 1, 3, 3] },
    {},
    'weight must be [6,1,R,S] for 6 channels; x [1,6,8,8], weight [5,1,3,3]',
  ],
  [{ ...shapes, bias: [5] }, {}, 'bias must be [6], got [5]; x [1,6,8,8], weight [6,1,3,3]'],
  [shapes, { stride: 0 }, 'stride must be a positive integer, got 0'],
  [
    { ...shapes, weight: [6, 1, 11, 3] },
    { pad: 1 },
    'a 11x3 window does not fit into 8x8 padded to 10x10; x [1,6,8,8], weight [6,1,11,3]',
  ],
])('depthwise_conv2d refuses %o %o', (given, attrs, rule) => {
  expect(() => depthwiseConv2d.output(given, { stride: 1, pad: 0, ...attrs }, 'conv1')).toThrow(
    new ShapeError(`depthwise_conv2d at conv1: ${rule}`),
  );
});

it.each([
  [4, [6, 1, 3, 3], 'groups (4) must divide the 6 inputs and 6 outputs'],
  [2, [6, 1, 3, 3], 'weight.shape[1] (1) must equal x.shape[1] / groups (3)'],
])('grouped_conv2d refuses %i groups of %o', (groups, weight, rule) => {
  const attrs = { stride: 1, pad: 0, groups };
  expect(() => groupedConv2d.output({ ...shapes, weight }, attrs, 'conv1')).toThrow(
    new ShapeError(`grouped_conv2d at conv1: ${rule}; x [1,6,8,8], weight [${weight}]`),
  );
});

checkFamily(depthwiseConv2dFamily);
checkFamily(groupedConv2dFamily);
