// The bytes that a chip is known by: a gallery takes the same crop of the same picture once.
import { FacetError } from '../base/errors.js';
import type { RgbImage } from '../base/image.js';

/** Size, then the pixels as 8-bit RGB, rounded as a PNG of them is; to be hashed with SHA-256. FacetError for NaN. */
export function chipBytes({ width, height, data }: RgbImage): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${width}x${height}\n`);
  const bytes = new Uint8Array(head.length + data.length);
  bytes.set(head);
  for (let i = 0; i < data.length; i++) {
    if (Number.isNaN(data[i])) throw new FacetError(`the chip's value ${i} is NaN`);
    bytes[head.length + i] = Math.floor(Math.min(1, Math.max(0, data[i]!)) * 255 + 0.5);
  }
  return bytes;
}
