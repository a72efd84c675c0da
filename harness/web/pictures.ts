// Picture files to numbers in a browser, in a window or a worker.
import { InputError } from '../../src/base/errors.js';
import { type RgbImage, rgbImage } from '../../src/base/image.js';

/** Shortest and longest side of a picture in pixels, as in Node. */
const MIN_SIDE = 16;
const MAX_SIDE = 16384;
/** Most pixels of a picture: what a canvas of any browser holds. */
const MAX_PIXELS = 100_000_000;

/**
 * Reads a picture as upright sRGB in [0,1]: the browser applies EXIF orientation and colour profiles, to 8 bits per
 * channel. Colours under partial transparency lose precision, since a canvas multiplies them by alpha. InputError
 * where the browser cannot read it or a side breaks the bounds; `where` begins the message.
 */
export async function readPicture(file: Blob, where = 'picture'): Promise<RgbImage> {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch((error: Error) => {
    throw new InputError(`${where}: is not a picture that this browser can read (${error.message})`, {
      cause: error,
      fact: { code: 'picture-unreadable', values: { where } },
    });
  });
  try {
    const { width, height } = bitmap;
    checkSize(where, width, height);
    const context = new OffscreenCanvas(width, height).getContext('2d', {
      colorSpace: 'srgb',
      willReadFrequently: true,
    });
    if (!context) throw new InputError(`${where}: this browser gives no canvas of ${width}x${height}`);
    context.drawImage(bitmap, 0, 0);
    return fromPixels(context.getImageData(0, 0, width, height).data, width, height);
  } finally {
    bitmap.close();
  }
}

function checkSize(where: string, width: number, height: number): void {
  if (Math.min(width, height) < MIN_SIDE)
    throw new InputError(`${where}: each side must be at least ${MIN_SIDE} px, got ${width}x${height}`, {
      fact: { code: 'picture-small', values: { where, least: MIN_SIDE, width, height } },
    });
  if (Math.max(width, height) > MAX_SIDE || width * height > MAX_PIXELS)
    throw new InputError(
      `${where}: must have at most ${MAX_PIXELS / 1e6} megapixels and ${MAX_SIDE} px per side, got ${width}x${height}`,
      {
        fact: {
          code: 'picture-large',
          values: { where, megapixels: MAX_PIXELS / 1e6, side: MAX_SIDE, width, height },
        },
      },
    );
}

/** RGBA bytes of a canvas -> picture; alpha only where some pixel is not opaque. */
export function fromPixels(pixels: Uint8ClampedArray, width: number, height: number): RgbImage {
  const count = width * height;
  const data = new Float32Array(3 * count);
  let opaque = true;
  for (let p = 0; p < count; p++) {
    for (let c = 0; c < 3; c++) data[3 * p + c] = pixels[4 * p + c]! / 255;
    opaque &&= pixels[4 * p + 3] === 255;
  }
  if (opaque) return rgbImage(width, height, data);
  return rgbImage(
    width,
    height,
    data,
    Float32Array.from({ length: count }, (_, p) => pixels[4 * p + 3]! / 255),
  );
}

/** Picture -> RGBA bytes for a canvas, rounded as the PNG of it would be. */
export function toPixels({ width, height, data, alpha }: RgbImage): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let p = 0; p < width * height; p++) {
    for (let c = 0; c < 3; c++) pixels[4 * p + c] = Math.floor(data[3 * p + c]! * 255 + 0.5);
    pixels[4 * p + 3] = alpha ? Math.floor(alpha[p]! * 255 + 0.5) : 255;
  }
  return pixels;
}
