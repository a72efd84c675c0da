// Behind a run: the mixer's pictures and the file to download. Stateless: the page sends what is to be mixed.
import type { RgbImage } from '../../../src/base/image.js';
import { type Mix, mixResult } from '../../../src/style/mix.js';
import { toPixels } from '../pictures.js';
import { encodePng } from '../png.js';
import { type Job, transferring } from './messages.js';
import type { Pixels } from './stylize-job.js';

/** A result and its content, of the same size, to be mixed. */
export interface MixParams {
  readonly content: RgbImage;
  readonly image: RgbImage;
  readonly mix: Mix;
}

/** The job `mix`: what `mixResult` makes, for a canvas. */
export const mixJob: Job<MixParams, never, never, Pixels> = async ({ content, image, mix }) => {
  const mixed = mixResult(content, image, mix);
  const pixels = toPixels(mixed);
  return transferring({ width: mixed.width, height: mixed.height, pixels }, [pixels.buffer]);
};

/** The job `png`: the same as a file of 8 or 16 bits per channel. */
export const pngJob: Job<MixParams & { bits: 8 | 16 }, never, never, Uint8Array<ArrayBuffer>> = async ({
  content,
  image,
  mix,
  bits,
}) => {
  const bytes = await encodePng(mixResult(content, image, mix), bits);
  return transferring(bytes, [bytes.buffer]);
};
