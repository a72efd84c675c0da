import { expect, it } from 'vitest';
import { pixelRowsFamily } from '../../harness/cases/pixel-rows.js';
import { ShapeError } from '../../src/base/errors.js';
import { pixelRows } from '../../src/kernels/pixel-rows.js';
import { ndarray } from '../../src/reference/array.js';
import { pixelRowsReference } from '../../src/reference/pixel-rows.js';
import { checkFamily } from './shared.js';

it('pixel_rows by hand: every second pixel from (0,1) on, two channels', () => {
  const x = ndarray([1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ...Array(12).fill(50)]);
  const attrs = { rows: 2, columns: 2, step: 2 };
  const inputs = { x, at: ndarray([1, 2], [0, 1]) };
  const y = pixelRowsReference.forward(inputs, attrs);
  expect([...y.data]).toEqual([1, 50, 3, 50, 9, 50, 11, 50]);
  const dy = ndarray([4, 2], [1, 5, 2, 6, 3, 7, 4, 8]);
  const dx = pixelRowsReference.backward.x!(inputs, y, dy, attrs);
  expect([...dx.data]).toEqual([
    ...[0, 1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4],
    ...[0, 5, 0, 6, 0, 0, 0, 0, 0, 7, 0, 8],
  ]);
});

it('refuses a grid that does not fit, and places of other pictures', () => {
  const grid = { rows: 3, columns: 2, step: 2 };
  expect(() => pixelRows.output({ x: [1, 3, 4, 9], at: [1, 2] }, grid, 'relu1_1')).toThrow(
    new ShapeError('pixel_rows at relu1_1: a grid of 3x2 pixels, every 2, must fit into x [1,3,4,9]'),
  );
  expect(() => pixelRows.output({ x: [1, 3, 9, 9], at: [2, 2] }, grid, 'relu1_1')).toThrow(
    new ShapeError('pixel_rows at relu1_1: at must be [1,2], got [2,2]'),
  );
});

checkFamily(pixelRowsFamily);
