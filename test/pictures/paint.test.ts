import { describe, expect, it } from 'vitest';
import { isStyleName, paintStyle, STYLE_NAMES } from '../../harness/node/paint/index.js';
import { InputError } from '../../src/base/errors.js';
import type { RgbImage } from '../../src/base/image.js';
import { colorMoments, lumaAt } from '../../src/style/color.js';

/** Luma of a picture, each value the mean of a block of `factor` x `factor` pixels. */
function lumaBlocks(image: RgbImage, factor: number): { columns: number; rows: number; luma: Float64Array } {
  const columns = Math.floor(image.width / factor);
  const rows = Math.floor(image.height / factor);
  const luma = new Float64Array(columns * rows);
  for (let y = 0; y < rows * factor; y++) {
    for (let x = 0; x < columns * factor; x++) {
      const block = Math.floor(y / factor) * columns + Math.floor(x / factor);
      luma[block]! += lumaAt(image.data, 3 * (y * image.width + x)) / factor ** 2;
    }
  }
  return { columns, rows, luma };
}

/** Mean size of the step to the right and down. */
function gradientEnergy(image: RgbImage, factor: number): number {
  const { columns, rows, luma } = lumaBlocks(image, factor);
  let sum = 0;
  for (let y = 0; y + 1 < rows; y++) {
    for (let x = 0; x + 1 < columns; x++) {
      const at = y * columns + x;
      sum += Math.hypot(luma[at + 1]! - luma[at]!, luma[at + columns]! - luma[at]!);
    }
  }
  return sum / ((rows - 1) * (columns - 1));
}

describe.each(STYLE_NAMES)('paintStyle %s', (name) => {
  const options = { width: 192, height: 144, seed: 3 };
  const image = paintStyle(name, options);

  it('has the size and values in [0,1]', () => {
    expect([image.width, image.height, image.data.length]).toEqual([192, 144, 3 * 192 * 144]);
    expect(image.data.every((v) => v >= 0 && v <= 1)).toBe(true);
  });

  it.each([
    [384, 2],
    [512, 1],
  ])('has only numbers at %i px with seed %i', (size, seed) => {
    const { data } = paintStyle(name, { width: size, height: size, seed });
    expect(data.findIndex((v) => !(v >= 0 && v <= 1))).toBe(-1);
  });

  it('is the same for the same seed and another for another', () => {
    expect(paintStyle(name, options).data).toEqual(image.data);
    const other = paintStyle(name, { ...options, seed: 4 });
    const apart = image.data.reduce((sum, v, i) => sum + Math.abs(v - other.data[i]!), 0) / image.data.length;
    expect(apart).toBeGreaterThan(0.05);
  });

  it('is rich in colour and has texture at every scale', () => {
    const { covariance } = colorMoments(image);
    for (const channel of [0, 4, 8]) expect(Math.sqrt(covariance[channel]!)).toBeGreaterThan(0.12);
    for (const factor of [1, 2, 4, 8, 16]) {
      expect(gradientEnergy(image, factor), `blocks of ${factor}`).toBeGreaterThan(0.04);
    }
  });

  it('is the same composition at another size', () => {
    const large = lumaBlocks(paintStyle(name, { width: 384, height: 288, seed: 3 }), 16).luma;
    const small = lumaBlocks(image, 8).luma;
    const apart = small.reduce((sum, v, i) => sum + Math.abs(v - large[i]!), 0) / small.length;
    expect(apart).toBeLessThan(0.03);
  });
});

it('refuses a size that is no picture and knows its names', () => {
  expect(() => paintStyle('woodcut', { width: 8, height: 64, seed: 1 })).toThrow(InputError);
  expect(() => paintStyle('woodcut', { width: 64.5, height: 64, seed: 1 })).toThrow(/got 64\.5x64$/);
  expect(isStyleName('woodcut')).toBe(true);
  expect(isStyleName('toString')).toBe(false);
});
