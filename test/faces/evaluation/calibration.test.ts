import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/base/random.js';
import {
  type Calibration,
  fitIsotonic,
  fitPlatt,
  parseCalibration,
  sameProbability,
} from '../../../src/faces/evaluation/calibration.js';
import { isotonicFit } from '../../../src/faces/evaluation/isotonic.js';
import { operatingPoint } from '../../../src/faces/evaluation/operating-point.js';
import type { ScoredPair } from '../../../src/faces/evaluation/scores.js';
import { drawnPairs } from './drawn.js';

const scored = (same: number[], different: number[]): ScoredPair[] => [
  ...same.map((distance) => ({ distance, same: true })),
  ...different.map((distance) => ({ distance, same: false })),
];
const points = (values: number[], weights: number[] = []) =>
  values.map((y, x) => ({ x, y, weight: weights[x] ?? 1 }));

describe('Platt scaling', () => {
  it('two distances have a closed form', () => {
    // Three of four near pairs are the same person, one of four far ones: sum of targets 3 (5/6) + 1/6 = 16/6 of 4 near.
    const pairs = scored([1, 1, 1, 2], [1, 2, 2, 2]);
    const { a, b } = fitPlatt(pairs);
    const near = Math.log(16 / 24 / (8 / 24));
    // a x + b = -near at 1 and +near at 2.
    expect(a).toBeCloseTo(2 * near, 9);
    expect(b).toBeCloseTo(-3 * near, 9);
    expect(sameProbability(fitPlatt(pairs), 1)).toBeCloseTo(2 / 3, 9);
    expect(sameProbability(fitPlatt(pairs), 1.5)).toBeCloseTo(0.5, 9);
  });

  it('finds the curve that the pairs were drawn from', () => {
    const [a, b] = [6, -5];
    const pairs = Array.from({ length: 20_000 }, (_, i) => {
      const distance = 2 * uniform(1, i);
      return { distance, same: uniform(2, i) < 1 / (1 + Math.exp(a * distance + b)) };
    });
    const share = pairs.filter(({ same }) => same).length / pairs.length;
    const fitted = fitPlatt(pairs, { prior: share });
    // Standard errors of a and b here are about 0.08 and 0.07.
    expect(Math.abs(fitted.a - a)).toBeLessThan(0.3);
    expect(Math.abs(fitted.b - b)).toBeLessThan(0.3);
  });

  it('the gradient of the weighted cross entropy vanishes', () => {
    const pairs = drawnPairs(1, 200, 5).filter(({ same }, i) => same || i % 3 === 0);
    const { a, b, prior, pairs: counts } = fitPlatt(pairs, { prior: 0.2 });
    let [ga, gb] = [0, 0];
    for (const { distance, same } of pairs) {
      const weight = same ? prior / counts.same : (1 - prior) / counts.different;
      const target = same ? (counts.same + 1) / (counts.same + 2) : 1 / (counts.different + 2);
      const p = 1 / (1 + Math.exp(a * distance + b));
      ga += weight * (target - p) * distance;
      gb += weight * (target - p);
    }
    expect(Math.abs(ga)).toBeLessThan(1e-8);
    expect(Math.abs(gb)).toBeLessThan(1e-8);
  });

  it('pairs that a threshold parts, and units however large, stay finite', () => {
    const parted = fitPlatt(scored([0.1, 0.2, 0.3], [1, 1.1, 1.2]));
    expect(sameProbability(parted, 0.2)).toBeGreaterThan(0.7);
    expect(sameProbability(parted, 1e300)).toBe(0);
    const small = drawnPairs(1, 50, 9);
    const large = fitPlatt(small.map((pair) => ({ ...pair, distance: 1e6 * pair.distance })));
    expect(sameProbability(large, 0.7e6)).toBeCloseTo(sameProbability(fitPlatt(small), 0.7), 9);
  });

  it('how many strangers there are does not matter, unless the prior says so', () => {
    const pairs = drawnPairs(1, 300, 4);
    const many = [...pairs, ...pairs.filter(({ same }) => !same), ...pairs.filter(({ same }) => !same)];
    // The softened targets still know the counts.
    expect(sameProbability(fitPlatt(many), 1)).toBeCloseTo(sameProbability(fitPlatt(pairs), 1), 1);
    expect(sameProbability(fitPlatt(pairs, { prior: 0.01 }), 1)).toBeLessThan(
      0.2 * sameProbability(fitPlatt(pairs), 1),
    );
  });

  it('refuses distances that say nothing or the opposite', () => {
    expect(() => fitPlatt(scored([1, 1], [1, 1]))).toThrow(/all 4 distances are equal \(1\)/);
    expect(() => fitPlatt(scored([2, 3], [0, 1]))).toThrow(/says the opposite/);
    expect(() => fitPlatt(scored([2, 3], []))).toThrow(/both needed, got 2 and 0/);
    expect(() => fitPlatt(scored([1], [2]), { prior: 1 })).toThrow(/between 0 and 1, got 1/);
  });
});

describe('isotonic regression', () => {
  it('pools by hand', () => {
    // 1 and 2 break the fall: 1.5; then 1.5 < 1.8 does too: (1 + 2 + 1.8) / 3 = 1.6.
    expect(isotonicFit(points([3, 1, 2, 1.8, 0]))).toEqual([
      { from: 0, to: 0, value: 3 },
      { from: 1, to: 3, value: expect.closeTo(1.6, 12) },
      { from: 4, to: 4, value: 0 },
    ]);
    // Weights 3 and 1: (3 x 0 + 1 x 4) / 4.
    expect(isotonicFit(points([0, 4], [3, 1]))).toEqual([{ from: 0, to: 1, value: 1 }]);
    const tied = [
      { x: 1, y: 0, weight: 1 },
      { x: 1, y: 1, weight: 1 },
      { x: 0, y: 1, weight: 1 },
    ];
    expect(isotonicFit(tied)).toEqual([
      { from: 0, to: 0, value: 1 },
      { from: 1, to: 1, value: 0.5 },
    ]);
  });

  it('is the min-max formula of Brunk (1955)', () => {
    for (let seed = 0; seed < 20; seed++) {
      const values = Array.from({ length: 12 }, (_, i) => uniform(seed, i));
      const weights = values.map((_, i) => 0.5 + uniform(100 + seed, i));
      const average = (from: number, to: number) => {
        let [sum, weight] = [0, 0];
        for (let i = from; i <= to; i++) {
          sum += weights[i]! * values[i]!;
          weight += weights[i]!;
        }
        return sum / weight;
      };
      const blocks = isotonicFit(points(values, weights));
      for (let i = 0; i < 12; i++) {
        // Falling: the least over starts of the greatest over ends.
        const expected = Math.min(
          ...Array.from({ length: i + 1 }, (_, s) =>
            Math.max(...Array.from({ length: 12 - i }, (__, e) => average(s, i + e))),
          ),
        );
        const block = blocks.find(({ from, to }) => from <= i && i <= to)!;
        expect(block.value).toBeCloseTo(expected, 12);
      }
    }
  });

  it('as a calibration: falls, stays off 0 and 1, meets the shares of the pairs', () => {
    const pairs = drawnPairs(1, 400, 6);
    const fitted = fitIsotonic(pairs);
    expect(sameProbability(fitted, 0)).toBeCloseTo(1 - 1 / 802, 12);
    expect(sameProbability(fitted, 4)).toBeCloseTo(1 / 802, 12);
    const middle = pairs.filter(({ distance }) => distance > 0.8 && distance < 1.2);
    const share = middle.filter(({ same }) => same).length / middle.length;
    const told =
      middle.reduce((sum, { distance }) => sum + sameProbability(fitted, distance), 0) / middle.length;
    expect(Math.abs(told - share)).toBeLessThan(0.03);
    // (1, 3/4) (2, 1/4) as steps: between them a straight line.
    const two = fitIsotonic(scored([1, 1, 1, 2], [1, 2, 2, 2]));
    expect(sameProbability(two, 1.25)).toBeCloseTo(0.625, 12);
  });
});

describe('calibrations', () => {
  const pairs = drawnPairs(1, 300, 8);

  it.each([
    ['platt', fitPlatt(pairs)],
    ['isotonic', fitIsotonic(pairs)],
  ] as [string, Calibration][])('%s never rises and survives JSON', (_, fitted) => {
    const back = parseCalibration(JSON.parse(JSON.stringify(fitted)));
    expect(back).toEqual(fitted);
    let before = 1;
    for (let distance = 0; distance <= 4; distance += 0.001) {
      const probability = sameProbability(back, distance);
      expect(probability).toBeLessThanOrEqual(before);
      expect(probability).toBeGreaterThanOrEqual(0);
      before = probability;
    }
    expect(() => sameProbability(back, Number.NaN)).toThrow(/must be finite, got NaN/);
  });

  const platt = { ...fitPlatt(pairs) };
  const isotonic = { ...fitIsotonic(pairs) };
  it.each([
    [null, /^c: prior must be a finite number, got undefined$/],
    [{ ...platt, kind: 'beta' }, /^c: kind must be platt or isotonic, got "beta"$/],
    [{ ...platt, a: -1 }, /a must be above 0, got -1/],
    [{ ...platt, b: null }, /b must be a finite number, got null/],
    [{ ...platt, prior: 1 }, /prior must lie between 0 and 1, got 1/],
    [{ ...platt, pairs: undefined }, /same must be a finite number/],
    [{ ...isotonic, distances: [1, 1], probabilities: [0.5, 0.4] }, /distances must rise/],
    [{ ...isotonic, distances: [1, 2], probabilities: [0.4, 0.5] }, /probabilities must fall/],
    [{ ...isotonic, distances: [1, 2], probabilities: [1.4, 0.5] }, /lie in 0..1/],
    [{ ...isotonic, distances: [1], probabilities: [0.4, 0.5] }, /equally many, got 1 and 2/],
    [{ ...isotonic, distances: [] }, /distances must be a list of finite numbers/],
  ])('refuses %j', (value, message) => expect(() => parseCalibration(value, 'c')).toThrow(message));
});

describe('threshold for a false accept rate', () => {
  const different = Array.from({ length: 200 }, (_, i) => 1 + i / 100);
  const pairs = scored([0.2, 0.5, 1.005, 1.5], different);

  it('by hand', () => {
    const point = operatingPoint(pairs, 0.01);
    // Two of 200 may pass: 1.00 and 1.01; the threshold lies midway to 1.02.
    expect(point.threshold).toBeCloseTo(1.015, 12);
    expect(point.far).toMatchObject({ value: 0.01, hits: 2, trials: 200 });
    expect(point.far.low).toBeCloseTo(0.00275, 4);
    expect(point.far.high).toBeCloseTo(0.0357, 4);
    expect(point.tar).toMatchObject({ value: 0.75, hits: 3, trials: 4 });
    expect(point.resolved).toBe(true);
    expect(JSON.parse(JSON.stringify(point))).toEqual(point);
  });

  it('says when the pairs cannot show so small a rate', () => {
    const point = operatingPoint(pairs, 1e-4);
    expect([point.resolved, point.far.hits, point.threshold]).toEqual([false, 0, 0.75]);
    // None in 200 is still compatible with 1.9 %.
    expect(point.far.high).toBeCloseTo(0.0188, 4);
    expect(() => operatingPoint(pairs, 0)).toThrow(/between 0 and 1, got 0/);
    expect(() => operatingPoint(scored([1], []), 0.1)).toThrow(/got 1 and 0/);
  });
});
