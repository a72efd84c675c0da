import { expect, it } from 'vitest';
import { crossMapLrnFamily } from '../../harness/cases/cross-map-lrn.js';
import { ShapeError } from '../../src/base/errors.js';
import { crossMapLrn, type LrnAttrs } from '../../src/kernels/cross-map-lrn.js';
import { ndarray } from '../../src/reference/array.js';
import { crossMapLrnReference } from '../../src/reference/cross-map-lrn.js';
import { checkFamily } from './shared.js';

const plain = { size: 3, alpha: 3, beta: 1, k: 1 };

it('cross_map_lrn by hand', () => {
  const x = ndarray([1, 4, 1, 1], [1, 2, 0, 2]);
  // Denominators 1 + the squares of three channels: 1+1+4, 1+1+4+0, 1+4+0+4, 1+0+4.
  const y = crossMapLrnReference.forward({ x }, plain);
  expect([...y.data]).toEqual([1 / 6, 2 / 6, 0, 2 / 5]);
});

it('cross_map_lrn by hand: an even window has one channel more before than behind', () => {
  const x = ndarray([1, 3, 1, 1], [1, 2, 3]);
  const y = crossMapLrnReference.forward({ x }, { ...plain, size: 2, alpha: 2 });
  expect([...y.data]).toEqual([1 / 2, 2 / 6, 3 / 14]);
});

it.each<[Partial<LrnAttrs>, string]>([
  [{ size: 0 }, 'size must be an integer in 1..31, got 0'],
  [{ size: 2.5 }, 'size must be an integer in 1..31, got 2.5'],
  [{ alpha: -1 }, 'alpha must be at least 0, got -1'],
  [{ beta: Number.NaN }, 'beta must be finite, got NaN'],
  [{ k: 0 }, 'k must be positive, got 0'],
])('refuses %o', (attrs, rule) => {
  expect(() => crossMapLrn.output({ x: [1, 4, 2, 2] }, { ...plain, ...attrs }, 'norm1')).toThrow(
    new ShapeError(`cross_map_lrn at norm1: ${rule}`),
  );
});

it('refuses what is no picture', () => {
  expect(() => crossMapLrn.output({ x: [4, 2] }, plain, 'norm1')).toThrow(
    new ShapeError('cross_map_lrn at norm1: expected [N,C,H,W], got [4,2]'),
  );
});

checkFamily(crossMapLrnFamily);
