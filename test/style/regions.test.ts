import { expect, it } from 'vitest';
import { InputError } from '../../src/base/errors.js';
import { rgbImage } from '../../src/base/image.js';
import { uniform } from '../../src/base/random.js';
import { matchRegion, splitRegions } from '../../src/style/regions.js';

/** Left half black, right half almost white, with lossy noise. */
function halves(noise: number) {
  const image = rgbImage(32, 16);
  for (let p = 0; p < 512; p++)
    for (let c = 0; c < 3; c++) {
      const value = p % 32 < 16 ? 0 : 0.97;
      image.data[3 * p + c] = Math.min(1, Math.max(0, value + noise * (uniform(3, 3 * p + c) - 0.5)));
    }
  return image;
}

it('splits a mask into its colours', () => {
  const regions = splitRegions(halves(0), 'mask');
  expect(regions.map((r) => r.name)).toEqual(['#000000', '#f7f7f7']);
  expect(regions[0]!.coverage.reduce((a, b) => a + b, 0)).toBe(256);
  expect(regions[0]!.coverage[0]).toBe(1);
  expect(regions[1]!.coverage[31]).toBe(1);
});

it('takes what compression blurs for one colour', () => {
  const regions = splitRegions(halves(0.08), 'mask');
  expect(regions.length).toBe(2);
  expect(
    regions[0]!.coverage.every((v, p) => v === (p % 32 < 16 ? 1 : 0) || regions[1]!.coverage[p] === v),
  ).toBe(true);
});

it('matches regions by colour, within the same tolerance', () => {
  const others = splitRegions(halves(0), 'style mask');
  expect(matchRegion('#0a0a0a', others)?.name).toBe('#000000');
  expect(matchRegion('#ff0000', others)).toBeUndefined();
});

it('refuses a photograph', () => {
  const image = rgbImage(64, 64);
  for (let i = 0; i < image.data.length; i++) image.data[i] = Math.floor(4 * uniform(1, i)) / 3;
  expect(() => splitRegions(image, 'content mask a.png')).toThrow(InputError);
  expect(() => splitRegions(image, 'content mask a.png')).toThrow('at most 8 colours');
});
