// After the run: how much of the result is taken, and how much of the content's colours, without optimising again.
import { type RgbImage, rgbImage } from '../base/image.js';
import type { Device } from '../gpu/device.js';
import { TensorStore } from '../gpu/store.js';
import { keepColors } from './color.js';
import { checkInput, type StylizeInput } from './input.js';
import { ScaledPictures } from './pictures.js';

/** Shares in 0..1. */
export interface Mix {
  /** Of the result over the content: 1 is the result, 0 the content. */
  readonly strength: number;
  /** Of the content's chroma under the result's luma: 0 leaves the colours as they are. */
  readonly color: number;
}

/** Leaves the result as it is. */
export const PLAIN_MIX: Mix = { strength: 1, color: 0 };

/**
 * C + strength * (G - C), of which colours move by `color` towards those of `keepColors`. `content` must be of the
 * result's size (ShapeError); the result's alpha stays.
 */
export function mixResult(content: RgbImage, result: RgbImage, { strength, color }: Mix): RgbImage {
  const { width, height, data, alpha } = result;
  // Where nothing is to be mixed the result keeps its bits.
  const blended =
    strength === 1
      ? result
      : rgbImage(
          width,
          height,
          data.map((value, i) => content.data[i]! + strength * (value - content.data[i]!)),
          alpha,
        );
  if (color === 0) return blended;
  const kept = keepColors(content, blended);
  if (color === 1) return kept;
  return rgbImage(
    width,
    height,
    blended.data.map((value, i) => value + color * (kept.data[i]! - value)),
    alpha,
  );
}

/** The content at the size of a result of this run, scaled as the run scales it. */
export async function contentAt(
  device: Device,
  input: Omit<StylizeInput, 'device'>,
  size: { readonly width: number; readonly height: number },
): Promise<RgbImage> {
  const store = new TensorStore(device);
  try {
    return await new ScaledPictures({ ...input, device }, checkInput(input), store).contentPicture(size);
  } finally {
    store.destroy();
  }
}
