// The picture that the optimisation starts from.
import { normal } from '../base/random.js';
import type { Planar } from './targets.js';

/** Normal noise around mid grey with standard deviation 1/4, clamped to 0..1, planar [1,3,height,width]. */
export function noisePicture(height: number, width: number, seed: number): Float32Array {
  return Float32Array.from({ length: 3 * height * width }, (_, i) =>
    Math.min(1, Math.max(0, 0.5 + 0.25 * normal(seed, i))),
  );
}

/** Noise with the styles' mean and standard deviation of each channel, averaged by share; planar. */
export function styleNoise(
  styles: readonly (Planar & { readonly share: number })[],
  height: number,
  width: number,
  seed: number,
): Float32Array {
  const total = styles.reduce((sum, style) => sum + style.share, 0);
  const out = new Float32Array(3 * height * width);
  for (let c = 0; c < 3; c++) {
    let mean = 0;
    let deviation = 0;
    for (const { values, share, ...size } of styles) {
      const pixels = size.height * size.width;
      const plane = values.subarray(c * pixels, (c + 1) * pixels);
      const own = plane.reduce((sum, value) => sum + value, 0) / pixels;
      const variance = plane.reduce((sum, value) => sum + (value - own) ** 2, 0) / pixels;
      mean += (share / total) * own;
      deviation += (share / total) * Math.sqrt(variance);
    }
    for (let i = 0; i < height * width; i++) {
      const at = c * height * width + i;
      out[at] = Math.min(1, Math.max(0, mean + deviation * normal(seed, at)));
    }
  }
  return out;
}

/** (1 - share) * picture + share * noise. */
export function mixNoise(picture: Float32Array, noise: Float32Array, share: number): Float32Array {
  return share === 0 ? picture : picture.map((value, i) => (1 - share) * value + share * noise[i]!);
}
