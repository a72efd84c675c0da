// Small pictures with structure, and runs of a few steps on them.
import { beforeAll } from 'vitest';
import { findWeights } from '../../harness/node/weights.js';
import { type RgbImage, rgbImage } from '../../src/base/image.js';
import { uniform } from '../../src/base/random.js';
import type { LoadedWeights } from '../../src/nets/manifest.js';
import type { PartialStyleOptions } from '../../src/style/options.js';
import { type StylizeHooks, type StylizeResult, stylize } from '../../src/style/stylize.js';
import { useDevice } from '../kernels/shared.js';

/** A disc on a gradient. */
export function contentPicture(width = 48, height = 40): RgbImage {
  const image = rgbImage(width, height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 3) ** 2;
      const at = 3 * (y * width + x);
      image.data.set(inside ? [0.9, 0.6, 0.3] : [0.2, x / width, y / height], at);
    }
  return image;
}

/** Stripes with grain. */
export function stylePicture(width = 40, height = 44, seed = 1): RgbImage {
  const image = rgbImage(width, height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const stripe = (x + 2 * y) % 8 < 4;
      const grain = 0.1 * uniform(seed, y * width + x);
      const at = 3 * (y * width + x);
      image.data.set(stripe ? [0.1 + grain, 0.2, 0.7] : [0.9, 0.8 - grain, 0.2], at);
    }
  return image;
}

/** What runs are of, unless they say otherwise. */
export const content = contentPicture();
export const style = stylePicture();

/** Two scales, 45 and 64 px. */
const SMALL = { size: 64, firstSize: 45, iterations: 12 } as const;

/** Runs with the embedded net on a device for the whole test file; `more` replaces other inputs. */
export function useRuns() {
  const gpu = useDevice();
  const held: { weights?: LoadedWeights } = {};
  beforeAll(async () => {
    held.weights = await findWeights('vgg19-slim', { env: {} });
  });
  return {
    get device() {
      return gpu.device;
    },
    get weights() {
      return held.weights!;
    },
    run: (
      options: PartialStyleOptions = {},
      hooks: StylizeHooks = {},
      more: object = {},
    ): Promise<StylizeResult> =>
      stylize(
        {
          device: gpu.device,
          weights: held.weights!,
          content,
          style,
          options: { ...SMALL, ...options },
          ...more,
        },
        hooks,
      ),
  };
}
