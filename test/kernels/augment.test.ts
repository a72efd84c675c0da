import { expect, it } from 'vitest';
import { augmentFamily } from '../../harness/cases/augment.js';
import { ShapeError } from '../../src/base/errors.js';
import { augment, RECIPE_LENGTH, type Recipe, writeRecipe } from '../../src/kernels/augment.js';
import { ndarray } from '../../src/reference/array.js';
import { augmentReference } from '../../src/reference/augment.js';
import { checkFamily } from './shared.js';

const same: Recipe = {
  top: 0,
  left: 0,
  mirrored: false,
  colour: [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
  ],
  blur: [0, 0],
  hidden: { rows: [0, 0], columns: [0, 0], grey: 0 },
};

/** The red channel of a 2x3 picture after a recipe. */
function red(changes: Partial<Recipe>, size = { height: 2, width: 3 }): number[] {
  const reds = [51, 102, 153, 204, 255, 0];
  const x = ndarray(
    [1, 2, 3],
    reds.map((value) => value + 256 * 255 + 65536 * 51),
  );
  const recipe = new Float32Array(RECIPE_LENGTH);
  writeRecipe(recipe, 0, { ...same, ...changes });
  const y = augmentReference.forward({ x, recipe: ndarray([1, RECIPE_LENGTH], recipe) }, size);
  return Array.from(y.data.subarray(0, size.height * size.width), (value) => Number(value.toFixed(6)));
}

it('augment by hand', () => {
  expect(red({})).toEqual([0.2, 0.4, 0.6, 0.8, 1, 0]);
  expect(red({ mirrored: true })).toEqual([0.6, 0.4, 0.2, 0, 1, 0.8]);
  expect(red({ top: 1, left: 1 }, { height: 1, width: 2 })).toEqual([1, 0]);
  expect(red({ top: 1, left: 1, mirrored: true }, { height: 1, width: 2 })).toEqual([0, 1]);
  expect(red({ hidden: { rows: [0, 1], columns: [1, 3], grey: 0.5 } })).toEqual([0.2, 0.5, 0.5, 0.8, 1, 0]);
  // Brighter by half, clamped; then green and blue alone: 0.5 * 1 + 0.1 * 0.2.
  expect(red({ colour: [[1.5, 0, 0, 0.1], same.colour[1]!, same.colour[2]!] })).toEqual([
    0.4, 0.7, 1, 1, 1, 0.1,
  ]);
  expect(red({ colour: [[0, 0.5, 0.1, 0], same.colour[1]!, same.colour[2]!] })[0]).toBe(0.52);
  // Rows: the mean of a pixel and its neighbours, first along the columns; the edge is repeated.
  const third = Math.fround(1 / 3);
  const [first] = red({ blur: [third, 0] });
  const column = (a: number, b: number) => (2 * a + b) / 3;
  expect(first).toBeCloseTo((2 * column(0.2, 0.8) + column(0.4, 1)) / 3, 5);
});

it.each([
  [{ x: [2, 3, 4, 4], recipe: [1, 24] }, {}, /recipe must be \[2,24\]/],
  [{ x: [2, 4, 4, 4], recipe: [2, 24] }, {}, /x must be \[N,H,W\] or \[N,3,H,W\]/],
  [{ x: [2, 4, 4], recipe: [2, 24] }, { height: 5 }, /height must be a whole number from 1 to 4, got 5/],
])('refuses %o %o', (shapes, attrs, rule) => {
  const check = () => augment.output(shapes, { height: 2, width: 2, ...attrs }, 'batch');
  expect(check).toThrow(ShapeError);
  expect(check).toThrow(rule);
});

checkFamily(augmentFamily);
