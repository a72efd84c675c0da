// Colours of one picture, strokes of another: luminance-only transfer and colour matching, after
// L. A. Gatys, M. Bethge, A. Hertzmann, E. Shechtman: Preserving Color in Neural Artistic Style Transfer (2016).
// Everything works on sRGB-encoded values, as the paper does, and computes in float64.
import { ShapeError } from '../base/errors.js';
import { assertImage, type RgbImage, rgbImage } from '../base/image.js';
import { symmetricEigen, symmetricFunction } from '../base/linalg.js';

/** Luma weights of YIQ (ITU-R BT.601): Y = 0.299 R + 0.587 G + 0.114 B. */
const LUMA = [0.299, 0.587, 0.114] as const;

/** Luma Y of one pixel of interleaved `data`, `at` its first value. */
export function lumaAt(data: ArrayLike<number>, at: number): number {
  return LUMA[0] * data[at]! + LUMA[1] * data[at + 1]! + LUMA[2] * data[at + 2]!;
}

/**
 * Luminance-only transfer (section 4): Y of `result`, chroma of `content`, which must be of the same size.
 * Replacing Y in YIQ and converting back is RGB = Y_result + (RGB_content - Y_content). Where that leaves [0,1]
 * the chroma is scaled towards grey, by the most that fits, instead of clipping each channel: Y stays exact.
 */
export function keepColors(content: RgbImage, result: RgbImage): RgbImage {
  assertImage('keepColors: content', content);
  assertImage('keepColors: result', result);
  if (content.width !== result.width || content.height !== result.height) {
    throw new ShapeError(
      `keepColors: content (${content.width}x${content.height}) must be of result's size (${result.width}x${result.height})`,
    );
  }
  const out = new Float32Array(result.data.length);
  for (let at = 0; at < out.length; at += 3) {
    const y = Math.min(1, Math.max(0, lumaAt(result.data, at)));
    const yContent = lumaAt(content.data, at);
    let scale = 1;
    for (let c = 0; c < 3; c++) {
      const chroma = content.data[at + c]! - yContent;
      if (y + chroma > 1) scale = Math.min(scale, (1 - y) / chroma);
      else if (y + chroma < 0) scale = Math.min(scale, -y / chroma);
    }
    for (let c = 0; c < 3; c++) out[at + c] = y + scale * (content.data[at + c]! - yContent);
  }
  return rgbImage(result.width, result.height, out, result.alpha);
}

/** How matchColors maps colours: the paper's affine map over RGB, or each channel's histogram by itself. */
export type ColorMatch = 'mean-covariance' | 'histogram';

/** `style` recoloured with the colours of `content` (section 3), clamped to [0,1]; sizes are free. */
export function matchColors(style: RgbImage, content: RgbImage, mode: ColorMatch): RgbImage {
  assertImage('matchColors: style', style);
  assertImage('matchColors: content', content);
  const data = mode === 'histogram' ? matchHistograms(style, content) : matchMoments(style, content);
  return rgbImage(style.width, style.height, data, style.alpha);
}

/** x -> A (x - mean_style) + mean_content with A = cov_content^(1/2) cov_style^(-1/2), the symmetric roots. */
function matchMoments(style: RgbImage, content: RgbImage): Float32Array {
  const from = colorMoments(style);
  const to = colorMoments(content);
  const map = multiply(symmetricPower(to.covariance, 0.5), symmetricPower(from.covariance, -0.5));
  const out = new Float32Array(style.data.length);
  for (let at = 0; at < out.length; at += 3) {
    const r = style.data[at]! - from.mean[0]!;
    const g = style.data[at + 1]! - from.mean[1]!;
    const b = style.data[at + 2]! - from.mean[2]!;
    for (let c = 0; c < 3; c++) {
      const value = to.mean[c]! + map[3 * c]! * r + map[3 * c + 1]! * g + map[3 * c + 2]! * b;
      out[at + c] = Math.min(1, Math.max(0, value));
    }
  }
  return out;
}

/** Mean [3] and covariance [9], row-major, of a picture's RGB values, pixels weighted by alpha. */
export function colorMoments(image: RgbImage): { mean: Float64Array; covariance: Float64Array } {
  const mean = new Float64Array(3);
  const covariance = new Float64Array(9);
  const pixels = image.width * image.height;
  const opaque = image.alpha?.some((a) => a > 0) ? image.alpha : undefined;
  let weight = 0;
  for (let p = 0; p < pixels; p++) {
    const w = opaque ? opaque[p]! : 1;
    weight += w;
    for (let c = 0; c < 3; c++) mean[c]! += w * image.data[3 * p + c]!;
  }
  for (let c = 0; c < 3; c++) mean[c]! /= weight;
  for (let p = 0; p < pixels; p++) {
    const w = opaque ? opaque[p]! : 1;
    for (let i = 0; i < 3; i++) {
      const di = w * (image.data[3 * p + i]! - mean[i]!);
      for (let j = i; j < 3; j++) covariance[3 * i + j]! += di * (image.data[3 * p + j]! - mean[j]!);
    }
  }
  for (let i = 0; i < 3; i++) {
    for (let j = i; j < 3; j++) covariance[3 * i + j]! /= weight;
    for (let j = 0; j < i; j++) covariance[3 * i + j] = covariance[3 * j + i]!;
  }
  return { mean, covariance };
}

/** Eigenvalues below this share of the largest count as zero: a grey or flat picture has no root to divide by. */
const RANK_TOLERANCE = 1e-9;

/** M^power of a symmetric positive semi-definite 3x3 matrix, on its range (a pseudo-inverse for power < 0). */
function symmetricPower(matrix: Float64Array, power: number): Float64Array {
  const eigen = symmetricEigen(matrix, 3);
  const least = Math.max(...eigen.values, 1e-12) * RANK_TOLERANCE;
  return symmetricFunction(eigen, 3, (value) => (value <= least ? 0 : value ** power));
}

function multiply(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(9);
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++) for (let k = 0; k < 3; k++) out[3 * i + j]! += a[3 * i + k]! * b[3 * k + j]!;
  return out;
}

/** Each channel's values replaced by the content's value of the same rank; equal values stay equal. */
function matchHistograms(style: RgbImage, content: RgbImage): Float32Array {
  const out = new Float32Array(style.data.length);
  for (let c = 0; c < 3; c++) {
    const from = channelOf(style, c).sort();
    const to = channelOf(content, c).sort();
    const mapped = new Map<number, number>();
    for (let first = 0; first < from.length; ) {
      let end = first + 1;
      while (end < from.length && from[end] === from[first]) end++;
      // The middle rank of a run of equal values, as a quantile in (0,1), then the content's value there.
      const position = ((first + end) / 2 / from.length) * to.length - 0.5;
      const low = Math.min(to.length - 1, Math.max(0, Math.floor(position)));
      const high = Math.min(to.length - 1, low + 1);
      const share = Math.min(1, Math.max(0, position - low));
      mapped.set(from[first]!, to[low]! + share * (to[high]! - to[low]!));
      first = end;
    }
    for (let at = c; at < out.length; at += 3) {
      out[at] = Math.min(1, Math.max(0, mapped.get(style.data[at]!)!));
    }
  }
  return out;
}

function channelOf(image: RgbImage, c: number): Float32Array {
  const channel = new Float32Array(image.width * image.height);
  for (let p = 0; p < channel.length; p++) channel[p] = image.data[3 * p + c]!;
  return channel;
}
