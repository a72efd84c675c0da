import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPicture } from '../../harness/node/pictures.js';
import { InputError, ShapeError } from '../../src/base/errors.js';
import { rgbImage } from '../../src/base/image.js';
import { uniform } from '../../src/base/random.js';
import {
  type Affine,
  affineFromThree,
  applyAffine,
  invertAffine,
  similarityFromPoints,
} from '../../src/faces/affine.js';
import { alignFace, DLIB_TEMPLATE, OPENFACE_TEMPLATE } from '../../src/faces/align.js';
import type { Point } from '../../src/faces/landmarks.js';
import { warpAffine } from '../../src/faces/warp.js';

const near = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y);
const random = (seed: number, count: number, scale: number): Point[] =>
  Array.from({ length: count }, (_, i) => ({
    x: scale * uniform(seed, 2 * i),
    y: scale * uniform(seed, 2 * i + 1),
  }));

describe('affine maps', () => {
  it('a hand example: a quarter turn, twice the size, shifted', () => {
    // (0,0) -> (5,7), (1,0) -> (5,9), (0,1) -> (3,7).
    const from = [
      { x: 0, y: 0 },
      { x: 1, y: 0 },
      { x: 0, y: 1 },
    ];
    const to = [
      { x: 5, y: 7 },
      { x: 5, y: 9 },
      { x: 3, y: 7 },
    ];
    expect(affineFromThree(from, to)).toEqual([0, -2, 5, 2, 0, 7]);
    expect(similarityFromPoints(from, to).map((v) => Math.round(v * 1e12) / 1e12 + 0)).toEqual([
      0, -2, 5, 2, 0, 7,
    ]);
    const back = invertAffine([0, -2, 5, 2, 0, 7]);
    expect(applyAffine(back, { x: 3, y: 7 })).toEqual({ x: 0, y: 1 });
  });

  it('three pairs are met exactly, inverses undo, far from the origin too', () => {
    for (let seed = 0; seed < 50; seed++) {
      const from = random(seed, 3, 100).map(({ x, y }) => ({ x: x + 5000, y: y - 3000 }));
      const to = random(1000 + seed, 3, 96);
      const map = affineFromThree(from, to);
      // Errors grow with how nearly the points lie on a line: float64 leaves digits enough for 1e-5 px.
      for (const i of [0, 1, 2]) expect(near(applyAffine(map, from[i]!), to[i]!)).toBeLessThan(1e-5);
      const back = invertAffine(map);
      for (const p of from) expect(near(applyAffine(back, applyAffine(map, p)), p)).toBeLessThan(1e-5);
    }
  });

  it('a similarity is found again, and no similarity nearby is better', () => {
    const truth: Affine = [1.2, 0.5, 3, -0.5, 1.2, -8];
    const from = random(7, 5, 100);
    const exact = from.map((p) => applyAffine(truth, p));
    similarityFromPoints(from, exact).forEach((v, i) => {
      expect(v).toBeCloseTo(truth[i]!, 10);
    });

    const noise = random(8, 5, 6);
    const noisy = exact.map(({ x, y }, i) => ({ x: x + noise[i]!.x, y: y + noise[i]!.y }));
    const error = (map: Affine) =>
      from.reduce((sum, p, i) => sum + near(applyAffine(map, p), noisy[i]!) ** 2, 0);
    const fitted = similarityFromPoints(from, noisy);
    for (const [da, db, dc, df] of [
      [1e-3, 0, 0, 0],
      [0, 1e-3, 0, 0],
      [0, 0, 0.05, 0],
      [0, 0, 0, 0.05],
    ] as const) {
      for (const sign of [-1, 1]) {
        const [a, b, c, d, e, f] = fitted;
        const moved: Affine = [
          a + sign * da,
          b - sign * db,
          c + sign * dc,
          d + sign * db,
          e + sign * da,
          f + sign * df,
        ];
        expect(error(moved)).toBeGreaterThan(error(fitted));
      }
    }
  });

  it('refuses what fixes no map', () => {
    const line = [0, 1, 2].map((x) => ({ x, y: 2 * x }));
    expect(() => affineFromThree(line, line)).toThrow(/not on a line/);
    expect(() => affineFromThree(line.slice(1), line)).toThrow(/three pairs.*got 2 and 3/);
    const same = [line[0]!, line[0]!];
    expect(() => similarityFromPoints(same, line.slice(1))).toThrow(InputError);
    expect(() => invertAffine([1, 2, 0, 2, 4, 0])).toThrow(/determinant 0/);
  });
});

describe('warp', () => {
  const ramp = rgbImage(
    6,
    5,
    Float32Array.from({ length: 90 }, (_, i) => {
      const [x, y, c] = [Math.floor(i / 3) % 6, Math.floor(i / 18), i % 3];
      return (x + 10 * y + 100 * c) / 400;
    }),
  );

  it('the identity gives the picture, a shift reads between pixel centres', () => {
    expect(warpAffine(ramp, [1, 0, 0, 0, 1, 0], 6, 5).data).toEqual(ramp.data);
    // At (1.5, 2.25) a plane has its own value: 1.5 + 22.5 = 24.
    const [r, g] = warpAffine(ramp, [1, 0, 1.5, 0, 1, 2.25], 1, 1).data;
    expect(r).toBeCloseTo(24 / 400, 6);
    expect(g).toBeCloseTo(124 / 400, 6);
  });

  it('is black outside and fades over the last half pixel', () => {
    const white = rgbImage(4, 4, new Float32Array(48).fill(1));
    const row = warpAffine(white, [0.5, 0, -1.5, 0, 1, 1], 13, 1).data;
    expect(Array.from({ length: 13 }, (_, x) => row[3 * x])).toEqual([
      0, 0, 0.5, 1, 1, 1, 1, 1, 1, 1, 0.5, 0, 0,
    ]);
  });

  it('supersampling takes the mean of what a pixel covers', () => {
    const stripes = rgbImage(
      8,
      8,
      Float32Array.from({ length: 192 }, (_, i) => Math.floor(i / 3) % 2),
    );
    const half: Affine = [4, 0, 1.5, 0, 4, 1.5];
    for (const v of warpAffine(stripes, half, 2, 2, 4).data) expect(v).toBeCloseTo(0.5, 6);
    expect(() => warpAffine(stripes, half, 2, 2, 0)).toThrow(ShapeError);
  });
});

describe('templates', () => {
  /** A face that is the template itself, turned, scaled and shifted. */
  const face = random(3, 68, 200);

  it('the three landmarks land on the template of OpenFace', () => {
    const { toChip, toPicture } = alignFace(face, OPENFACE_TEMPLATE);
    OPENFACE_TEMPLATE.landmarks.forEach((landmark, i) => {
      expect(near(applyAffine(toChip, face[landmark]!), OPENFACE_TEMPLATE.points[i]!)).toBeLessThan(1e-9);
      expect(near(applyAffine(toPicture, OPENFACE_TEMPLATE.points[i]!), face[landmark]!)).toBeLessThan(1e-9);
    });
  });

  it('a turned and scaled mean face lands on the five points of dlib', () => {
    const turn: Affine = [2, -0.7, 30, 0.7, 2, 12];
    const turned = [...face];
    DLIB_TEMPLATE.landmarks.forEach((landmark, i) => {
      turned[landmark] = applyAffine(turn, DLIB_TEMPLATE.points[i]!);
    });
    const { toChip } = alignFace(turned, DLIB_TEMPLATE);
    DLIB_TEMPLATE.landmarks.forEach((landmark, i) => {
      expect(near(applyAffine(toChip, turned[landmark]!), DLIB_TEMPLATE.points[i]!)).toBeLessThan(1e-9);
    });
    // (0.25 + 0.49011) / 1.5 * 150 - 0.5
    expect(DLIB_TEMPLATE.points[4]!.x).toBeCloseTo(73.5112, 4);
  });

  it('refuses other numbers of landmarks and NaN', () => {
    expect(() => alignFace(face.slice(1), OPENFACE_TEMPLATE)).toThrow(/has 68 landmarks, got 67$/);
    const broken = [...face];
    broken[5] = { x: Number.NaN, y: 1 };
    expect(() => alignFace(broken, OPENFACE_TEMPLATE)).toThrow(/landmark 5 must be finite/);
  });
});

const lfw = resolve(process.env.FACET_SHARED ?? '../shared', 'lfw-eval');

describe.skipIf(!existsSync(join(lfw, 'landmarks68.csv')))('chips of LFW made by OpenFace', () => {
  it('are reproduced from the crops and landmarks', async () => {
    const lines = readFileSync(join(lfw, 'landmarks68.csv'), 'utf8').trim().split('\n').slice(1);
    const means: number[] = [];
    for (const line of lines.filter((_, i) => i % 40 === 0)) {
      const [name, ...numbers] = line.split(',');
      const landmarks = Array.from({ length: 68 }, (_, i) => ({
        x: Number(numbers[2 * i]),
        y: Number(numbers[2 * i + 1]),
      }));
      const picture = await readPicture(join(lfw, 'crops160', name!));
      const { toPicture } = alignFace(landmarks, OPENFACE_TEMPLATE);
      const chip = warpAffine(picture, toPicture, 96, 96);
      const expected = await readPicture(join(lfw, 'aligned96', name!));
      let sum = 0;
      let count = 0;
      for (let p = 0; p < 96 * 96; p++) {
        // OpenFace saw the whole picture; beyond the crop there is nothing to compare.
        const { x, y } = applyAffine(toPicture, { x: p % 96, y: Math.floor(p / 96) });
        if (Math.min(x, y) < 0 || Math.max(x, y) > 159) continue;
        for (let i = 3 * p; i < 3 * p + 3; i++) sum += Math.abs(chip.data[i]! - expected.data[i]!);
        count += 3;
      }
      means.push((255 * sum) / count);
    }
    const mean = means.reduce((a, b) => a + b, 0) / means.length;
    console.log(
      `aligned96: mean absolute difference ${mean.toFixed(2)} of 255, largest ${Math.max(...means).toFixed(2)}, ${means.length} pictures`,
    );
    // Both sides are JPEG files and the landmarks are rounded to 0.1 px: about 1.5 levels. A shift of a quarter pixel
    // gives 2.7, so that a wrong convention (half a pixel: 4.4) cannot pass.
    expect(means.length).toBe(40);
    expect(mean).toBeLessThan(2.2);
    expect(Math.max(...means)).toBeLessThan(3);
  });
});
