import { describe, expect, it } from 'vitest';
import { type RgbImage, rgbImage } from '../../src/base/image.js';
import { uniform } from '../../src/base/random.js';
import { judgeFace, type QualityLevel } from '../../src/faces/gate.js';
import type { Point } from '../../src/faces/landmarks.js';
import { assessFace, type FaceQuality } from '../../src/faces/quality.js';
import { headLandmarks } from './heads.js';

const landmarks = headLandmarks({ scale: 57, centre: { x: 100, y: 90 } });

/** Grey noise in cells of `cell` pixels about `mean`. */
function noise(side: number, cell: number, mean = 0.5, spread = 0.5): RgbImage {
  const data = Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
    return mean + spread * (uniform(5, 1000 * Math.floor(y / cell) + Math.floor(x / cell)) - 0.5);
  });
  return rgbImage(side, side, data);
}

/** Mean over a window of (2 radius + 1)^2, pixels at the edge repeated. */
function blurred(image: RgbImage, radius: number): RgbImage {
  const { width, height, data } = image;
  const inside = (v: number, top: number) => Math.min(top, Math.max(0, v));
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) {
        out[i]! += data[3 * (inside(y + dy, height - 1) * width + inside(x + dx, width - 1)) + c]!;
      }
    }
    out[i]! /= (2 * radius + 1) ** 2;
  }
  return rgbImage(width, height, out);
}

/** Picture and landmarks `factor` times as large, every pixel repeated. */
function enlarged(image: RgbImage, face: readonly Point[], factor: number): [RgbImage, Point[]] {
  const side = factor * image.width;
  const data = Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
    return image.data[3 * (Math.floor(y / factor) * image.width + Math.floor(x / factor)) + (i % 3)]!;
  });
  const centre = (v: number) => factor * (v + 0.5) - 0.5;
  return [rgbImage(side, side, data), face.map(({ x, y }) => ({ x: centre(x), y: centre(y) }))];
}

describe('quality', () => {
  it('a flat grey picture has its brightness, no contrast and no sharpness', () => {
    const grey = rgbImage(200, 200, new Float32Array(120_000).fill(0.4));
    const quality = assessFace(grey, landmarks);
    expect(quality.brightness).toBeCloseTo(0.4, 5);
    expect(quality.contrast).toBeLessThan(1e-6);
    expect(quality.sharpness).toBeLessThan(1e-6);
    expect(quality.eyeDistance).toBeCloseTo(57, 9);
    expect(quality.inside).toBe(1);
    expect(Math.abs(quality.pose.yaw)).toBeLessThan(0.05);
  });

  it('sharpness falls with blur, and hardly changes with the size of the picture', () => {
    const picture = noise(200, 3);
    const sharp = assessFace(picture, landmarks);
    const soft = assessFace(blurred(picture, 1), landmarks);
    const softer = assessFace(blurred(picture, 4), landmarks);
    expect(soft.sharpness).toBeLessThan(0.7 * sharp.sharpness);
    expect(softer.sharpness).toBeLessThan(0.1 * sharp.sharpness);
    expect(softer.contrast).toBeLessThan(sharp.contrast);
    for (const factor of [2, 3]) {
      const large = assessFace(...enlarged(picture, landmarks, factor));
      expect(large.eyeDistance).toBeCloseTo(factor * 57, 9);
      expect(large.sharpness / sharp.sharpness).toBeGreaterThan(0.7);
      expect(large.sharpness / sharp.sharpness).toBeLessThan(1.4);
    }
  });

  it('the edge of the picture is no sharpness, and landmarks outside are counted', () => {
    const white = rgbImage(200, 200, new Float32Array(120_000).fill(1));
    const half = landmarks.map(({ x, y }) => ({ x: x - 100, y }));
    const quality = assessFace(white, half);
    expect(quality.brightness).toBeCloseTo(1, 5);
    expect(quality.sharpness).toBeLessThan(1e-6);
    expect(quality.inside).toBe(half.filter(({ x }) => x >= -0.5).length / 68);
    expect(quality.inside).toBeLessThan(0.7);
    expect(() =>
      assessFace(
        white,
        landmarks.map(({ x, y }) => ({ x: x - 400, y })),
      ),
    ).toThrow(/^quality: the face lies outside the picture of 200x200$/);
  });
});

describe('gate', () => {
  const good: FaceQuality = {
    eyeDistance: 80,
    sharpness: 60,
    brightness: 0.5,
    contrast: 0.15,
    pose: { yaw: 3, pitch: -4, roll: 2, residual: 0.01 },
    inside: 1,
  };
  const messages = (change: Partial<FaceQuality>, level: QualityLevel = 'standard', faces = 1) =>
    judgeFace({ ...good, ...change }, level, faces).reasons.map(({ message }) => message);
  const pose = (change: Partial<FaceQuality['pose']>) => ({ pose: { ...good.pose, ...change } });

  it('accepts a good face at every level, and anything when off', () => {
    for (const level of ['off', 'standard', 'strict'] as const) {
      expect(judgeFace(good, level)).toEqual({ accepted: true, level, reasons: [] });
    }
    expect(judgeFace({ ...good, sharpness: 0 }, 'off', 7).accepted).toBe(true);
  });

  it.each([
    [
      { eyeDistance: 12.34 },
      'too small: the distance of the outer eye corners is 12.3 px, at least 20 px is wanted',
    ],
    [{ sharpness: 2 }, 'blurred: the sharpness is 2.0, at least 4 is wanted'],
    [{ brightness: 0.05 }, 'too dark: the mean brightness is 0.05, at least 0.12 is wanted'],
    [{ brightness: 0.97 }, 'too bright: the mean brightness is 0.97, at most 0.9 is wanted'],
    [{ contrast: 0.01 }, 'flat: the contrast is 0.010, at least 0.05 is wanted'],
    [{ inside: 0.5 }, 'cut off: the share of the landmarks in the picture is 0.50, at least 0.9 is wanted'],
    [pose({ yaw: -61 }), 'turned to the left: the yaw is 61 degrees, at most 45 degrees is wanted'],
    [pose({ yaw: 61 }), 'turned to the right: the yaw is 61 degrees, at most 45 degrees is wanted'],
    [pose({ pitch: 40 }), 'looks up: the pitch is 40 degrees, at most 35 degrees is wanted'],
    [pose({ roll: -90 }), 'tilted: the roll is 90 degrees, at most 60 degrees is wanted'],
    [
      pose({ residual: 0.2 }),
      'not a plain face: the distance of landmarks and head model is 0.200, at most 0.06 is wanted',
    ],
  ])('%j', (change, message) => expect(messages(change)).toEqual([message]));

  it('strict wants more, reasons add up, several faces are one', () => {
    expect(messages({ eyeDistance: 30, sharpness: 10 })).toEqual([]);
    expect(messages({ eyeDistance: 30, sharpness: 10 }, 'strict')).toHaveLength(2);
    expect(messages({}, 'standard', 3)).toEqual([
      'several faces: the number of faces of about the same size is 3, at most 1 is wanted',
    ]);
    expect(() => messages({ sharpness: Number.NaN })).toThrow(/must be finite, got NaN/);
    expect(() => messages({}, 'lax' as QualityLevel)).toThrow(/one of off, standard, strict, got lax/);
  });
});
