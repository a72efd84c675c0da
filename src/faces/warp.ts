// A picture seen through an affine map, on the CPU in float64.
import { ShapeError } from '../base/errors.js';
import { assertImage, type RgbImage, rgbImage } from '../base/image.js';
import type { Affine } from './affine.js';

/**
 * A picture of `width` x `height` whose pixel (x, y) is the source's value at `toSource(x, y)`, bilinear between pixel
 * centres; beyond the source's pixels all is black (cv2.warpAffine's convention with a constant border). With
 * `samples` = k each pixel is the mean of k x k places inside it, so that shrinking does not skip pixels. Alpha is not
 * carried over.
 */
export function warpAffine(
  source: RgbImage,
  toSource: Affine,
  width: number,
  height: number,
  samples = 1,
): RgbImage {
  assertImage('warpAffine', source);
  if (!Number.isInteger(samples) || samples < 1) {
    throw new ShapeError(`warpAffine: samples must be a positive integer, got ${samples}`);
  }
  const out = rgbImage(width, height);
  const [a, b, c, d, e, f] = toSource;
  const sum = new Float64Array(3);
  const share = 1 / samples ** 2;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      sum.fill(0);
      for (let j = 0; j < samples; j++) {
        const v = y + (j + 0.5) / samples - 0.5;
        for (let i = 0; i < samples; i++) {
          const u = x + (i + 0.5) / samples - 0.5;
          addBilinear(sum, source, a * u + b * v + c, d * u + e * v + f);
        }
      }
      for (let channel = 0; channel < 3; channel++) out.data[at++] = share * sum[channel]!;
    }
  }
  return out;
}

/** sum += the source's colour at (x, y). */
function addBilinear(sum: Float64Array, { width, height, data }: RgbImage, x: number, y: number): void {
  const left = Math.floor(x);
  const top = Math.floor(y);
  if (!(left >= -1 && top >= -1 && left < width && top < height)) return;
  const [fx, fy] = [x - left, y - top];
  for (let corner = 0; corner < 4; corner++) {
    const column = left + (corner & 1);
    const row = top + (corner >> 1);
    if (column < 0 || row < 0 || column >= width || row >= height) continue;
    const weight = (corner & 1 ? fx : 1 - fx) * (corner >> 1 ? fy : 1 - fy);
    const at = 3 * (row * width + column);
    for (let channel = 0; channel < 3; channel++) sum[channel]! += weight * data[at + channel]!;
  }
}
