// Numbers as pictures: feature maps side by side, and a symmetric matrix.
import type { Pixels } from '../../worker/stylize-job.js';

/** Maps [C,H,W] in rows of `columns`, each grey from its own least to its own largest value. */
export function mapSheet(
  values: Float32Array,
  channels: number,
  width: number,
  height: number,
): { maps: Pixels; columns: number; largest: Float32Array } {
  const columns = Math.ceil(Math.sqrt(channels));
  const rows = Math.ceil(channels / columns);
  const sheet = { width: columns * width, height: rows * height };
  const pixels = new Uint8ClampedArray(4 * sheet.width * sheet.height);
  const largest = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const map = values.subarray(c * width * height, (c + 1) * width * height);
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of map) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    largest[c] = high;
    const range = high - low || 1;
    const [left, top] = [(c % columns) * width, Math.floor(c / columns) * height];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const at = 4 * ((top + y) * sheet.width + left + x);
        const grey = (255 * (map[y * width + x]! - low)) / range;
        pixels.fill(grey, at, at + 3);
        pixels[at + 3] = 255;
      }
  }
  return { maps: { ...sheet, pixels }, columns, largest };
}

/** A matrix [C,C]: light by the root of an entry's share of the largest magnitude, negative ones in blue. */
export function gramPicture(matrix: Float32Array, channels: number): { picture: Pixels; largest: number } {
  let largest = 0;
  for (const value of matrix) largest = Math.max(largest, Math.abs(value));
  const pixels = new Uint8ClampedArray(4 * channels * channels);
  for (const [i, value] of matrix.entries()) {
    const light = 255 * Math.sqrt(Math.abs(value) / (largest || 1));
    pixels.set(
      value < 0 ? [0.35 * light, 0.6 * light, light, 255] : [light, 0.85 * light, 0.6 * light, 255],
      4 * i,
    );
  }
  return { picture: { width: channels, height: channels, pixels }, largest };
}
