import { expect, it } from 'vitest';
import { drawRecipe, FACE_VARIATION, NO_VARIATION } from '../../src/training/recipes.js';

const from = { height: 104, width: 104 };
const to = { height: 96, width: 96 };

it('leaves a sample as it is but for the window in the middle', () => {
  const recipe = drawRecipe(NO_VARIATION, from, to, 1, 1);
  expect(recipe).toMatchObject({ top: 4, left: 4, mirrored: false, blur: [0, 0] });
  for (const [i, row] of recipe.colour.entries())
    for (const [j, value] of row.entries()) expect(value).toBeCloseTo(i === j ? 1 : 0, 12);
  expect(recipe.hidden.rows[1] - recipe.hidden.rows[0]).toBe(0);
});

it('draws the same again for a sample of a seed, and something else for another', () => {
  const recipe = drawRecipe(FACE_VARIATION, from, to, 3, 9);
  expect(drawRecipe(FACE_VARIATION, from, to, 3, 9)).toEqual(recipe);
  expect(drawRecipe(FACE_VARIATION, from, to, 3, 10)).not.toEqual(recipe);
  expect(drawRecipe(FACE_VARIATION, from, to, 4, 9)).not.toEqual(recipe);
});

it('keeps to its ranges and uses all of them', () => {
  const recipes = Array.from({ length: 2000 }, (_, i) => drawRecipe(FACE_VARIATION, from, to, 5, i));
  expect(new Set(recipes.map(({ top }) => top)).size).toBe(9);
  expect(new Set(recipes.map(({ left }) => left)).size).toBe(9);
  const share = (is: (r: (typeof recipes)[number]) => boolean) => recipes.filter(is).length / recipes.length;
  expect(share((r) => r.mirrored)).toBeCloseTo(0.5, 1);
  expect(share((r) => r.blur[0] > 0)).toBeCloseTo(0.15, 1);
  for (const { hidden, blur, colour, top, left } of recipes) {
    expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
    expect(Math.max(top, left)).toBeLessThanOrEqual(8);
    expect(hidden.rows[0]).toBeGreaterThanOrEqual(0);
    expect(hidden.rows[1]).toBeLessThanOrEqual(96);
    expect(hidden.rows[1] - hidden.rows[0]).toBeLessThanOrEqual(39);
    expect(2 * blur[0] + 2 * blur[1]).toBeLessThan(0.62);
    // Grey stays grey: each row gives a grey the same value.
    const greys = colour.map(([r, g, b, offset]) => 0.3 * (r + g + b) + offset);
    expect(greys[1]).toBeCloseTo(greys[0]!, 10);
    expect(greys[2]).toBeCloseTo(greys[0]!, 10);
  }
});

it('refuses a window that does not fit', () => {
  expect(() => drawRecipe(NO_VARIATION, { height: 90, width: 104 }, to, 1, 1)).toThrow(
    /96x96 does not fit into 90x104/,
  );
});
