import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/base/errors.js';
import { geometryOf, HALO, packTensor, poison, unpackTensor } from '../../src/base/layout.js';
import { type Shape, sizeOf } from '../../src/base/shape.js';
import type { Layout } from '../../src/base/tensor.js';

/** 1, 2, 3, ...: no element is zero, so that a zero in the buffer is padding. */
const counted = (shape: Shape) => Float32Array.from({ length: sizeOf(shape) }, (_, i) => i + 1);

const SHAPES: readonly [Layout, Shape][] = [
  ['image', [1, 1, 1, 1]],
  ['image', [1, 3, 5, 7]],
  ['image', [2, 5, 4, 3]],
  ['image', [1, 8, 2, 9]],
  ['filter', [1, 1, 1, 1]],
  ['filter', [5, 3, 3, 3]],
  ['filter', [8, 4, 1, 5]],
  ['filter', [6, 7, 7, 7]],
  ['flat', [1]],
  ['flat', [7]],
  ['flat', [3, 5]],
  ['flat', [2, 3, 8]],
];

describe.each(SHAPES)('%s %j', (layout, shape) => {
  it('comes back as it went in', () => {
    const values = counted(shape);
    expect(unpackTensor(packTensor(values, shape, layout), shape, layout)).toEqual(values);
  });

  it('holds every value once and zero everywhere else', () => {
    const packed = packTensor(counted(shape), shape, layout);
    const { vec4s, bytes } = geometryOf(shape, layout);
    expect(packed.length).toBe(4 * vec4s);
    expect(packed.byteLength).toBe(bytes);
    const filled = packed.filter((value) => value !== 0).sort();
    expect(filled).toEqual(counted(shape));
  });

  it('is poisoned over every element, and finite in the border alone', () => {
    const filled = poison(shape, layout);
    expect(filled.length).toBe(4 * geometryOf(shape, layout).vec4s);
    expect(unpackTensor(filled, shape, layout).every(Number.isNaN)).toBe(true);
    const finite = filled.filter((value) => !Number.isNaN(value));
    const [n, c, h, w] = shape as [number, number, number, number];
    const border = layout === 'image' ? n * Math.ceil(c / 4) * 4 * ((h + 2) * (w + 2) - h * w) : 0;
    expect(finite.length).toBe(border);
    expect(finite.every((value) => value === 0)).toBe(true);
  });
});

it('image: channels 4k .. 4k+3 of a pixel are one vec4, rows have one zero pixel at each end', () => {
  const packed = packTensor(counted([1, 5, 2, 3]), [1, 5, 2, 3], 'image');
  const at = (block: number, y: number, x: number) => [
    ...packed.subarray(((block * 4 + y) * 5 + x) * 4).subarray(0, 4),
  ];
  expect(HALO).toBe(1);
  // Logical index of channel c at (y, x) is c*6 + y*3 + x; values count from 1.
  expect(at(0, 1, 1)).toEqual([1, 7, 13, 19]);
  expect(at(0, 2, 3)).toEqual([6, 12, 18, 24]);
  expect(at(1, 1, 2)).toEqual([26, 0, 0, 0]);
  for (const [y, x] of [
    [0, 0],
    [0, 4],
    [3, 2],
    [1, 0],
    [2, 4],
  ] as const)
    expect(at(0, y, x)).toEqual([0, 0, 0, 0]);
});

it('filter: four output channels of one tap and one input channel are one vec4', () => {
  const packed = packTensor(counted([5, 2, 1, 2]), [5, 2, 1, 2], 'filter');
  // [R*S=2][C=4][K4=2] vec4; logical index k*4 + c*2 + s, values count from 1.
  const at = (tap: number, c: number, k4: number) => [
    ...packed.subarray(((tap * 4 + c) * 2 + k4) * 4).subarray(0, 4),
  ];
  expect(at(0, 0, 0)).toEqual([1, 5, 9, 13]);
  expect(at(1, 1, 1)).toEqual([20, 0, 0, 0]);
  expect(at(1, 3, 0)).toEqual([0, 0, 0, 0]);
});

it('geometries are equal where buffers have the same extents, and only there', () => {
  expect(geometryOf([1, 5, 4, 4], 'image').key).toBe(geometryOf([1, 8, 4, 4], 'image').key);
  expect(geometryOf([1, 8, 4, 4], 'image').key).not.toBe(geometryOf([1, 8, 2, 10], 'image').key);
  expect(geometryOf([1, 8, 4, 4], 'image').key).not.toBe(geometryOf([1, 8, 4, 4], 'filter').key);
});

it('says what is wrong with a shape', () => {
  expect(() => packTensor([1, 2], [3], 'flat')).toThrow(new ShapeError('[3] holds 3 values, got 2'));
  expect(() => geometryOf([4, 4], 'image')).toThrow(
    new ShapeError('image layout needs [N,C,H,W], got [4,4]'),
  );
  expect(() => geometryOf([4], 'filter')).toThrow(new ShapeError('filter layout needs [K,C,R,S], got [4]'));
});
