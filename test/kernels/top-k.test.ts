import { expect, it } from 'vitest';
import { topKFamily } from '../../harness/cases/top-k.js';
import { ShapeError } from '../../src/base/errors.js';
import { tensor } from '../../src/base/tensor.js';
import { PLAIN_TARGET } from '../../src/gpu/kernel.js';
import { chunkRows, NO_ROW, topK } from '../../src/kernels/top-k.js';
import { ndarray } from '../../src/reference/array.js';
import { topKReference } from '../../src/reference/top-k.js';
import { checkSearchFamily } from './shared.js';

it('top_k by hand: equal distances in the order of their rows, and no row beyond the last', () => {
  const gallery = ndarray([4, 2], [3, 4, 1, 0, 0, 0, 0, 1]);
  const { distances, numbers } = topKReference(ndarray([1, 2], [0, 0]), gallery, 5, 4);
  expect([...distances.data]).toEqual([0, 1, 1, 25, NO_ROW.distance]);
  expect([...numbers.data]).toEqual([2, 1, 3, 0, -1]);
  expect([...topKReference(ndarray([1, 2], [0, 0]), gallery, 1, 2).numbers.data]).toEqual([1]);
});

it('a distance that stands for none is the largest f32', () => {
  expect(Math.fround(NO_ROW.distance)).toBe(NO_ROW.distance);
  expect(Math.fround(NO_ROW.distance * (1 + 2 ** -24))).toBe(Number.POSITIVE_INFINITY);
});

it('a million vectors of 128 values take four chunks where a binding holds 128 MiB', () => {
  const rows = chunkRows(PLAIN_TARGET, 128, 16);
  expect(rows).toBe(262144);
  expect(chunkRows(PLAIN_TARGET, 3, 1024)).toBe(32768);
});

it.each([
  [[2, 3, 4], [5, 3], 1, 'queries must be [B,D], got [2,3,4]'],
  [[2, 3], [5, 4], 1, 'gallery rows must be [M,3] as the queries [2,3], got [5,4]'],
  [[2, 3], [5, 3], 0, 'k must be an integer in 1..64, got 0'],
  [[2, 3], [5, 3], 65, 'k must be an integer in 1..64, got 65'],
  [[2, 3], [2 ** 25, 3], 1, 'a chunk of 33554432 rows must not exceed 8388608 on this adapter for 2 queries'],
])('refuses queries %o, gallery %o, k %i', (queries, gallery, k, rule) => {
  const inputs = { queries: tensor('q', queries), chunks: [tensor('g', gallery)] };
  expect(() => topK('identify', PLAIN_TARGET, inputs, k)).toThrow(new ShapeError(`identify: ${rule}`));
});

it('refuses more rows than f32 can number', () => {
  const chunks = Array.from({ length: 3 }, (_, i) => tensor(`g${i}`, [8388608, 3]));
  expect(() => topK('identify', PLAIN_TARGET, { queries: tensor('q', [1, 3]), chunks }, 1)).toThrow(
    new ShapeError('identify: the gallery must have 1 to 16777216 rows, has 25165824'),
  );
});

checkSearchFamily(topKFamily);
