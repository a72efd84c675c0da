// What can be told of a face's picture without a net: size, sharpness, light, pose, place.
import { InputError } from '../base/errors.js';
import type { RgbImage } from '../base/image.js';
import { type Affine, applyAffine } from './affine.js';
import { alignFace, OPENFACE_TEMPLATE } from './align.js';
import { eyeDistance, type Point } from './landmarks.js';
import { estimatePose, type Pose } from './pose.js';
import { warpAffine } from './warp.js';

/** Measures of one face in one picture; JSON-serialisable. */
export interface FaceQuality {
  /** Distance of the outer eye corners in pixels of the picture; about half of the face's width. */
  readonly eyeDistance: number;
  /**
   * Variance of the Laplacian of the luma, 0..255, on OpenFace's chip of 96 px (Pech-Pacheco et al., ICPR 2000): faces of
   * all sizes are measured at one size, so that a small one that had to be enlarged counts as blurred.
   */
  readonly sharpness: number;
  /** Mean of the chip's luma, 0..1. */
  readonly brightness: number;
  /** Standard deviation of the chip's luma, 0..1. */
  readonly contrast: number;
  readonly pose: Pose;
  /** Share of the 68 landmarks that lie in the picture, 0..1. */
  readonly inside: number;
}

/** Measures a face; InputError when no part of its chip lies in the picture or the landmarks are no face. */
export function assessFace(picture: RgbImage, landmarks: readonly Point[]): FaceQuality {
  const { toPicture, toChip } = alignFace(landmarks, OPENFACE_TEMPLATE);
  const { size } = OPENFACE_TEMPLATE;
  const { width, height } = picture;
  // A face larger than the chip: without the mean over what a pixel covers, skipped pixels would look like sharpness.
  const [a, b, , d, e] = toChip;
  const shrink = Math.ceil(1 / Math.sqrt(Math.abs(a * e - b * d)) - 0.25);
  const chip = warpAffine(picture, toPicture, size, size, Math.max(1, shrink));
  const within = chipMask(toPicture, size, picture);
  const luma = Float64Array.from(
    { length: size * size },
    (_, i) => 0.299 * chip.data[3 * i]! + 0.587 * chip.data[3 * i + 1]! + 0.114 * chip.data[3 * i + 2]!,
  );
  const seen = luma.filter((_, i) => within[i] === 1);
  const slopes = laplacian(luma, within, size);
  if (seen.length === 0 || slopes.length === 0) {
    throw new InputError(`quality: the face lies outside the picture of ${width}x${height}`);
  }
  const light = moments(seen);
  const there = landmarks.filter(
    ({ x, y }) => x >= -0.5 && y >= -0.5 && x <= width - 0.5 && y <= height - 0.5,
  );
  return {
    eyeDistance: eyeDistance(landmarks),
    sharpness: 255 ** 2 * moments(slopes).variance,
    brightness: light.mean,
    contrast: Math.sqrt(light.variance),
    pose: estimatePose(landmarks),
    inside: there.length / landmarks.length,
  };
}

/** 1 for each pixel of the chip that the picture covers. */
function chipMask(toPicture: Affine, size: number, { width, height }: RgbImage): Uint8Array {
  return Uint8Array.from({ length: size * size }, (_, i) => {
    const { x, y } = applyAffine(toPicture, { x: i % size, y: Math.floor(i / size) });
    return x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1 ? 1 : 0;
  });
}

/** Sum of the four neighbours less four times the pixel, wherever all five are within. */
function laplacian(luma: Float64Array, within: Uint8Array, size: number): Float64Array {
  const values: number[] = [];
  for (let y = 1; y < size - 1; y++) {
    for (let x = 1; x < size - 1; x++) {
      const i = y * size + x;
      const around = [i - size, i - 1, i + 1, i + size];
      if (!within[i] || around.some((j) => !within[j])) continue;
      values.push(around.reduce((sum, j) => sum + luma[j]!, -4 * luma[i]!));
    }
  }
  return Float64Array.from(values);
}

function moments(values: Float64Array): { mean: number; variance: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return { mean, variance: values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length };
}
