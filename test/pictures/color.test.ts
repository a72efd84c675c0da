import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/base/errors.js';
import { type RgbImage, rgbImage } from '../../src/base/image.js';
import { normal, uniform } from '../../src/base/random.js';
import { colorMoments, keepColors, lumaAt, matchColors } from '../../src/style/color.js';

/** Correlated colours around `mean`, narrow enough that no map between two of them leaves [0,1]. */
function cloud(
  seed: number,
  width: number,
  height: number,
  mean: readonly number[],
  mix: readonly number[][],
): RgbImage {
  const image = rgbImage(width, height);
  for (let p = 0; p < width * height; p++) {
    const n = [0, 1, 2].map((c) => Math.max(-3, Math.min(3, normal(seed, 3 * p + c))));
    for (let c = 0; c < 3; c++) {
      image.data[3 * p + c] = mean[c]! + mix[c]!.reduce((sum, m, k) => sum + m * n[k]!, 0);
    }
  }
  return image;
}

const STYLE = cloud(
  1,
  40,
  30,
  [0.6, 0.5, 0.4],
  [
    [0.05, 0, 0],
    [0.02, 0.03, 0],
    [-0.01, 0.01, 0.04],
  ],
);
const CONTENT = cloud(
  2,
  25,
  35,
  [0.45, 0.55, 0.5],
  [
    [0.02, 0.02, 0],
    [0, 0.05, 0.01],
    [0.01, 0, 0.03],
  ],
);
const wild = (seed: number) =>
  rgbImage(
    32,
    24,
    Float32Array.from({ length: 2304 }, (_, i) => uniform(seed, i)),
  );

/** float32 storage of values below 1 rounds by at most 2^-25; a luma sums three of them. */
const ROUNDING = 2 ** -24;

describe('keepColors', () => {
  it('keeps the luma of the result to the rounding of float32, in gamut, for any colours', () => {
    const [content, result] = [wild(5), wild(6)];
    const out = keepColors(content, result);
    let worst = 0;
    for (let at = 0; at < out.data.length; at += 3) {
      worst = Math.max(worst, Math.abs(lumaAt(out.data, at) - lumaAt(result.data, at)));
    }
    expect(worst).toBeLessThanOrEqual(ROUNDING);
    expect(Math.min(...out.data)).toBeGreaterThanOrEqual(-ROUNDING);
    expect(Math.max(...out.data)).toBeLessThanOrEqual(1 + ROUNDING);
  });

  it('takes the chroma of the content where it fits: a hand example', () => {
    const grey = rgbImage(1, 1, Float32Array.of(0.5, 0.5, 0.5));
    const out = keepColors(rgbImage(1, 1, Float32Array.of(0.4, 0.3, 0.2)), grey);
    // Y of (0.4, 0.3, 0.2) is 0.3185; 0.5 + (0.4 - 0.3185) and so on.
    [0.5815, 0.4815, 0.3815].forEach((v, c) => {
      expect(out.data[c]).toBeCloseTo(v, 6);
    });
  });

  it('gives back a picture put together with itself, and refuses another size', () => {
    const image = wild(8);
    const out = keepColors(image, image);
    image.data.forEach((v, i) => {
      expect(Math.abs(out.data[i]! - v)).toBeLessThanOrEqual(ROUNDING);
    });
    expect(() => keepColors(CONTENT, STYLE)).toThrow(ShapeError);
  });
});

describe('matchColors', () => {
  it('mean-covariance: the moments of the style become those of the content', () => {
    const out = matchColors(STYLE, CONTENT, 'mean-covariance');
    expect([out.width, out.height]).toEqual([STYLE.width, STYLE.height]);
    const [got, want] = [colorMoments(out), colorMoments(CONTENT)];
    want.mean.forEach((v, i) => {
      expect(Math.abs(got.mean[i]! - v)).toBeLessThan(1e-6);
    });
    want.covariance.forEach((v, i) => {
      expect(Math.abs(got.covariance[i]! - v)).toBeLessThan(1e-8);
    });
  });

  it('mean-covariance: a grey or a flat style gives colours of the content, not noise', () => {
    const grey = rgbImage(
      16,
      16,
      Float32Array.from({ length: 768 }, (_, i) => Math.floor(i / 3) / 256),
    );
    const flat = rgbImage(16, 16, new Float32Array(768).fill(0.3));
    const { mean } = colorMoments(CONTENT);
    for (const style of [grey, flat]) {
      const out = matchColors(style, CONTENT, 'mean-covariance');
      expect(out.data.every(Number.isFinite)).toBe(true);
      colorMoments(out).mean.forEach((v, i) => {
        expect(Math.abs(v - mean[i]!)).toBeLessThan(1e-6);
      });
    }
  });

  it('histogram: the sorted values of each channel become those of the content', () => {
    const style = wild(11);
    const content = wild(12);
    const out = matchColors(style, content, 'histogram');
    const sorted = (image: RgbImage, c: number) => image.data.filter((_, i) => i % 3 === c).sort();
    for (let c = 0; c < 3; c++) {
      const [got, want] = [sorted(out, c), sorted(content, c)];
      got.forEach((v, i) => {
        expect(Math.abs(v - want[i]!)).toBeLessThan(1e-6);
      });
    }
  });

  it('histogram: the order of the style is kept and equal values stay equal', () => {
    const style = rgbImage(4, 1, Float32Array.of(0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1));
    const content = rgbImage(
      4,
      1,
      Float32Array.from({ length: 12 }, (_, i) => Math.floor(i / 3) / 4),
    );
    const out = matchColors(style, content, 'histogram');
    const red = out.data.filter((_, i) => i % 3 === 0);
    // Ranks: 0.1 first, 0.2 shares ranks 2 and 3 (their middle lies between 0.25 and 0.5), 0.9 last.
    expect(red).toEqual(Float32Array.of(0.375, 0.375, 0.75, 0));
  });
});
