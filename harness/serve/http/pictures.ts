// Pictures from strangers: known by their first bytes, measured by their header, decoded last and only within limits.
import sharp from 'sharp';
import { InputError } from '../../../src/base/errors.js';
import { inspectPicture } from '../../node/pictures.js';
import { Problem } from './problem.js';

/** First bytes of the formats that are taken; sharp would also try others, of which some are programs (SVG, PDF). */
const SIGNATURES: readonly (readonly [offset: number, bytes: string])[] = [
  [0, '\xff\xd8\xff'],
  [0, '\x89PNG\r\n\x1a\n'],
  [0, 'GIF87a'],
  [0, 'GIF89a'],
  [0, 'II*\0'],
  [0, 'MM\0*'],
  [8, 'WEBP'],
  [4, 'ftypavif'],
];

/** Seconds that decoding one picture may take. */
const DECODE_SECONDS = 20;

export interface PictureLimits {
  /** Most pixels of a picture that is handed in. */
  readonly maxPixels: number;
}

/** Width and height of a picture, all of which was decoded once, row by row. Problem where it cannot be used. */
export async function checkPicture(
  bytes: Uint8Array,
  where: string,
  { maxPixels }: PictureLimits,
): Promise<{ readonly width: number; readonly height: number }> {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 32)).toString('latin1');
  if (!SIGNATURES.some(([offset, text]) => head.startsWith(text, offset))) {
    throw new Problem(415, 'not_a_picture', 'the picture must be JPEG, PNG, WebP, TIFF, AVIF or GIF', where);
  }
  try {
    const { width, height } = await inspectPicture(bytes, { where });
    if (width * height > maxPixels) {
      const size = `${width}x${height} = ${((width * height) / 1e6).toFixed(1)}`;
      const most = (maxPixels / 1e6).toFixed(1);
      throw new Problem(413, 'too_many_pixels', `must have at most ${most} megapixels, got ${size}`, where);
    }
    await decodeOnce(bytes, maxPixels, where);
    return { width, height };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new Problem(422, 'unusable_picture', error.message, where);
  }
}

/** Decodes to a thumbnail: damage shows here and not an hour later, and no more than some rows are in memory. */
async function decodeOnce(bytes: Uint8Array, limitInputPixels: number, where: string): Promise<void> {
  try {
    await sharp(bytes, { failOn: 'error', limitInputPixels, sequentialRead: true })
      .timeout({ seconds: DECODE_SECONDS })
      .resize(16, 16, { fit: 'fill', fastShrinkOnLoad: false })
      .raw()
      .toBuffer();
  } catch (error) {
    const text = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new InputError(`${where}: is damaged or cut short: ${text}`, { cause: error });
  }
}
