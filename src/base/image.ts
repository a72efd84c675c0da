// Pictures as numbers: what pictures.ts reads, the nets see and writePicture stores.
import { ShapeError } from './errors.js';

/** A picture of `height` rows of `width` pixels, row-major from the top left. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** R, G, B interleaved, sRGB-encoded, nominally in [0,1]; length 3 * width * height. */
  readonly data: Float32Array;
  /** Coverage in [0,1], not multiplied into `data`; length width * height. Absent: opaque. */
  readonly alpha?: Float32Array;
}

/** A picture around existing values, or a black one; ShapeError unless every length fits. */
export function rgbImage(
  width: number,
  height: number,
  data: Float32Array = new Float32Array(3 * width * height),
  alpha?: Float32Array,
): RgbImage {
  const image = alpha ? { width, height, data, alpha } : { width, height, data };
  assertImage('rgbImage', image);
  return image;
}

/** Throws a ShapeError unless the extents are positive integers and the arrays have their lengths. */
export function assertImage(where: string, image: RgbImage): void {
  const { width, height, data, alpha } = image;
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new ShapeError(`${where}: a picture's sides must be positive integers, got ${width}x${height}`);
  }
  if (data.length !== 3 * width * height) {
    throw new ShapeError(
      `${where}: ${width}x${height} RGB needs ${3 * width * height} values, got ${data.length}`,
    );
  }
  if (alpha && alpha.length !== width * height) {
    throw new ShapeError(
      `${where}: ${width}x${height} alpha needs ${width * height} values, got ${alpha.length}`,
    );
  }
}

/** Interleaved picture -> planar values [1,3,H,W], the logical layout of a tensor; alpha is not part of it. */
export function toPlanar(image: RgbImage): Float32Array {
  assertImage('toPlanar', image);
  const pixels = image.width * image.height;
  const planar = new Float32Array(3 * pixels);
  for (let p = 0, i = 0; p < pixels; p++) {
    planar[p] = image.data[i++]!;
    planar[pixels + p] = image.data[i++]!;
    planar[2 * pixels + p] = image.data[i++]!;
  }
  return planar;
}

/** Planar values [1,3,H,W] -> interleaved picture, clamped to [0,1]; ShapeError on a wrong length. */
export function fromPlanar(
  planar: ArrayLike<number>,
  width: number,
  height: number,
  alpha?: Float32Array,
): RgbImage {
  const pixels = width * height;
  if (planar.length !== 3 * pixels) {
    throw new ShapeError(
      `fromPlanar: [1,3,${height},${width}] holds ${3 * pixels} values, got ${planar.length}`,
    );
  }
  const data = new Float32Array(3 * pixels);
  for (let p = 0, i = 0; p < pixels; p++) {
    for (let c = 0; c < 3; c++) data[i++] = Math.min(1, Math.max(0, planar[c * pixels + p]!));
  }
  return rgbImage(width, height, data, alpha);
}
