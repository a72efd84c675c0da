import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/base/random.js';
import {
  type Box,
  chooseFaces,
  clipBox,
  type Detection,
  type FacePolicy,
  intersectionOverUnion,
  suppressOverlaps,
} from '../../src/faces/boxes.js';

const box = (x: number, y: number, width: number, height: number): Box => ({ x, y, width, height });
const found = (x: number, y: number, side: number, score: number): Detection => ({
  ...box(x, y, side, side),
  score,
});

describe('boxes', () => {
  it('overlap by hand', () => {
    // 2 x 3 shared of 16 + 12 - 6.
    expect(intersectionOverUnion(box(0, 0, 4, 4), box(2, 1, 4, 3))).toBeCloseTo(6 / 22, 12);
    expect(intersectionOverUnion(box(1, 1, 2, 2), box(1, 1, 2, 2))).toBe(1);
    expect(intersectionOverUnion(box(0, 0, 2, 2), box(2, 0, 2, 2))).toBe(0);
    expect(intersectionOverUnion(box(0, 0, 0, 2), box(0, 0, 0, 2))).toBe(0);
    expect(clipBox(box(-3, 5, 10, 10), 6, 12)).toEqual(box(0, 5, 6, 7));
    expect(clipBox(box(20, 5, 10, 10), 6, 12)).toEqual(box(6, 5, 0, 7));
  });

  it('suppression keeps the best of a heap, and far ones', () => {
    const heap = [found(0, 0, 10, 0.6), found(1, 1, 10, 0.9), found(50, 0, 10, 0.3), found(2, 0, 10, 0.7)];
    expect(suppressOverlaps(heap, 0.4).map(({ score }) => score)).toEqual([0.9, 0.3]);
    expect(suppressOverlaps(heap, 1)).toHaveLength(4);
    const equal = [
      { ...found(0, 0, 10, 0.5), name: 'first' },
      { ...found(1, 0, 10, 0.5), name: 'second' },
    ];
    expect(suppressOverlaps(equal, 0.3).map(({ name }) => name)).toEqual(['first']);
    expect(() => suppressOverlaps(heap, 1.5)).toThrow(/must lie in 0..1, got 1.5/);
    expect(() => suppressOverlaps([found(0, Number.NaN, 1, 1)], 0.5)).toThrow(/finite/);
  });

  it('what is kept overlaps little, and all that is dropped overlaps something better', () => {
    const many = Array.from({ length: 200 }, (_, i) =>
      found(
        100 * uniform(1, 3 * i),
        100 * uniform(1, 3 * i + 1),
        10 + 20 * uniform(2, i),
        uniform(1, 3 * i + 2),
      ),
    );
    const kept = suppressOverlaps(many, 0.3);
    for (const a of kept) {
      for (const b of kept) if (a !== b) expect(intersectionOverUnion(a, b)).toBeLessThanOrEqual(0.3);
    }
    for (const a of many.filter((d) => !kept.includes(d))) {
      expect(kept.some((b) => b.score >= a.score && intersectionOverUnion(a, b) > 0.3)).toBe(true);
    }
  });

  it('policies', () => {
    const faces = [found(60, 0, 30, 0.9), found(0, 0, 40, 0.5), found(45, 45, 12, 0.8), found(3, 9, 5, 1)];
    const choose = (policy: FacePolicy, minSize = 10) =>
      chooseFaces(faces, { policy, minSize }, { width: 100, height: 100 });
    expect(choose('largest')).toEqual([faces[1]]);
    expect(choose('centre')).toEqual([faces[2]]);
    expect(choose('all')).toEqual([faces[1], faces[2], faces[0]]);
    expect(choose('all', 50)).toEqual([]);
    expect(choose('all', 0)).toHaveLength(4);
    expect(() => choose('smallest' as FacePolicy)).toThrow(/one of largest, all, centre, got smallest/);
  });
});
