// PNG files made in a browser (PNG specification, third edition): 8 or 16 bits, alpha kept, tagged as sRGB.
import { FacetError } from '../../src/base/errors.js';
import { assertImage, type RgbImage } from '../../src/base/image.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const RGB = 2;
const RGB_ALPHA = 6;

/**
 * The bytes of a PNG. Samples are floor(value * top + 0.5), undithered, as Node's `writePicture` rounds them.
 * FacetError where a value is no number.
 */
export async function encodePng(image: RgbImage, bits: 8 | 16 = 8): Promise<Uint8Array<ArrayBuffer>> {
  assertImage('encodePng', image);
  const { width, height, alpha } = image;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([bits, alpha ? RGB_ALPHA : RGB, 0, 0, 0], 8);
  return concatenate([
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', header),
    chunk('sRGB', Uint8Array.of(0)),
    chunk('IDAT', await deflated(scanlines(image, bits))),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/** Rows of samples, each after the number of its filter: every row is stored as differences to its left neighbour. */
function scanlines({ width, height, data, alpha }: RgbImage, bits: 8 | 16): Uint8Array<ArrayBuffer> {
  const channels = alpha ? 4 : 3;
  const size = bits / 8;
  const top = 2 ** bits - 1;
  const stride = width * channels * size;
  const out = new Uint8Array(height * (stride + 1));
  const row = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    let at = 0;
    const put = (value: number) => {
      const sample = sampleOf(value, top);
      if (size === 2) row[at++] = sample >> 8;
      row[at++] = sample & 255;
    };
    for (let p = y * width; p < (y + 1) * width; p++) {
      for (let c = 0; c < 3; c++) put(data[3 * p + c]!);
      if (alpha) put(alpha[p]!);
    }
    const line = y * (stride + 1);
    out[line] = 1;
    const step = channels * size;
    for (let i = 0; i < stride; i++) out[line + 1 + i] = row[i]! - (i < step ? 0 : row[i - step]!);
  }
  return out;
}

function sampleOf(value: number, top: number): number {
  if (Number.isNaN(value)) throw new FacetError('a picture holds NaN and cannot be written');
  return Math.floor(Math.min(1, Math.max(0, value)) * top + 0.5);
}

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(type: string, data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 as PNG's annex D has it. */
function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = CRC_TABLE[(c ^ byte) & 255]! ^ (c >>> 8);
  return ~c >>> 0;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
