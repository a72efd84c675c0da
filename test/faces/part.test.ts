// Parts of a picture, averaged, against what they stand for.
import { describe, expect, it } from 'vitest';
import { type RgbImage, rgbImage } from '../../src/base/image.js';
import { uniform } from '../../src/base/random.js';
import { type Affine, applyAffine } from '../../src/faces/affine.js';
import { partOf } from '../../src/faces/part.js';
import { shrinkage, windowFor } from '../../src/faces/sampling.js';

function noise(width: number, height: number): RgbImage {
  return rgbImage(
    width,
    height,
    Float32Array.from({ length: 3 * width * height }, (_, i) => uniform(3, i)),
  );
}

/** The mean over the window of `picture` that the part's pixel (x, y) stands for, by way of the maps. */
function meanAt(picture: RgbImage, left: number, top: number, window: number, channel: number): number {
  let sum = 0;
  let count = 0;
  for (let y = top; y < Math.min(picture.height, top + window); y++) {
    for (let x = left; x < Math.min(picture.width, left + window); x++) {
      sum += picture.data[3 * (y * picture.width + x) + channel]!;
      count++;
    }
  }
  return sum / count;
}

describe('partOf', () => {
  it.each([
    ['inside', [2.6, 0.3, 40, -0.3, 2.6, 55] as Affine],
    ['at the edge', [3.2, 0, -20, 0, 3.2, 130] as Affine],
    ['at full size', [0.9, 0.1, 100, -0.1, 0.9, 90] as Affine],
  ])('%s: keeps the place of every pixel and the mean of its window', (_, map) => {
    const picture = noise(301, 257);
    const side = 32;
    const window = windowFor(shrinkage(map));
    const part = partOf(picture, map, side, window);
    // The centre of window i of the picture is at window * i + (window - 1) / 2: the maps must agree on where a sample is.
    const sample = { x: 7, y: 19 };
    const onPart = applyAffine(part.map, sample);
    const onPicture = applyAffine(map, sample);
    const left = Math.round((onPicture.x - (window - 1) / 2) / window - onPart.x);
    const top = Math.round((onPicture.y - (window - 1) / 2) / window - onPart.y);
    expect(window * (onPart.x + left) + (window - 1) / 2).toBeCloseTo(onPicture.x, 9);
    expect(window * (onPart.y + top) + (window - 1) / 2).toBeCloseTo(onPicture.y, 9);
    let compared = 0;
    for (let y = 0; y < part.picture.height; y++) {
      for (let x = 0; x < part.picture.width; x++) {
        const [u, v] = [window * (x + left), window * (y + top)];
        const value = part.picture.data[3 * (y * part.picture.width + x) + 1]!;
        if (u >= picture.width || v >= picture.height) expect(value).toBe(0);
        else {
          // Stored in f32; the sum over a window is in float64 in both.
          expect(Math.abs(value - meanAt(picture, u, v, window, 1))).toBeLessThan(2 ** -24);
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(100);
    // Every place that the sample reads is in the part, or outside the picture.
    for (const corner of [0, side - 1].flatMap((x) => [0, side - 1].map((y) => ({ x, y })))) {
      const { x, y } = applyAffine(map, corner);
      if (x < 0 || y < 0 || x > picture.width - 1 || y > picture.height - 1) continue;
      const at = applyAffine(part.map, corner);
      expect(at.x).toBeGreaterThanOrEqual(-0.5);
      expect(at.x).toBeLessThanOrEqual(part.picture.width - 1);
      expect(at.y).toBeGreaterThanOrEqual(-0.5);
      expect(at.y).toBeLessThanOrEqual(part.picture.height - 1);
    }
  });
});
