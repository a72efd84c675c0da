import { describe, expect, it } from 'vitest';
import { evaluate, splitFolds } from '../../../src/faces/evaluation/evaluate.js';
import { areaUnderCurve, equalErrorRate, rocCurve } from '../../../src/faces/evaluation/roc.js';
import {
  acceptedBelow,
  type FoldedPair,
  type ScoredPair,
  tally,
  thresholdAfter,
} from '../../../src/faces/evaluation/scores.js';
import { foldStatistics, quantile, wilsonInterval } from '../../../src/faces/evaluation/statistics.js';
import { bestThreshold, type Protocol, thresholdAtFar } from '../../../src/faces/evaluation/thresholds.js';
import { drawnPairs } from './drawn.js';

const scored = (same: number[], different: number[]): ScoredPair[] => [
  ...same.map((distance) => ({ distance, same: true })),
  ...different.map((distance) => ({ distance, same: false })),
];
const quick = { bootstrap: { replicates: 50 } };

/** Share of pairs decided rightly, by the definition. */
const accuracy = (pairs: readonly ScoredPair[], threshold: number) =>
  pairs.filter(({ distance, same }) => distance < threshold === same).length / pairs.length;
const rate = (pairs: readonly ScoredPair[], same: boolean, threshold: number) => {
  const own = pairs.filter((pair) => pair.same === same);
  return own.filter(({ distance }) => distance < threshold).length / own.length;
};

describe('statistics', () => {
  it('by hand', () => {
    // Deviations -2, 0, 2: squares 8, over 2 is 4, over 3 is 2.667.
    const { mean, sd, se } = foldStatistics([1, 3, 5]);
    expect([mean, sd]).toEqual([3, 2]);
    expect(se).toBeCloseTo(2 / Math.sqrt(3), 12);
    const population = foldStatistics([1, 3, 5], 'n');
    expect(population.sd).toBeCloseTo(Math.sqrt(8 / 3), 12);
    expect(population.se).toBeCloseTo(2 / Math.sqrt(3), 12);
    expect(foldStatistics([0.9])).toEqual({ mean: 0.9, sd: 0, se: null });
    expect(quantile([1, 2, 4], 0.75)).toBe(3);
  });

  it("Wilson's interval: the values of Newcombe (1998), table I", () => {
    for (const [hits, trials, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const) {
      const interval = wilsonInterval(hits, trials);
      expect(interval.low).toBeCloseTo(low, 4);
      expect(interval.high).toBeCloseTo(high, 4);
    }
    expect(wilsonInterval(20, 20).high).toBe(1);
  });
});

describe('ROC', () => {
  // Same 1 2 2 5, different 2 4 6: of 12 combinations 1<2,4,6; 2=2,<4,<6 twice; 5<6: 3 + 5 + 1 = 9.
  const pairs = scored([1, 2, 2, 5], [2, 4, 6]);

  it('area and points by hand, ties counted half', () => {
    expect(areaUnderCurve(pairs)).toBeCloseTo(9 / 12, 12);
    expect(rocCurve(pairs)).toEqual([
      { threshold: 1, far: 0, tar: 0 },
      { threshold: 1.5, far: 0, tar: 0.25 },
      { threshold: 3, far: 1 / 3, tar: 0.75 },
      { threshold: 4.5, far: 2 / 3, tar: 0.75 },
      { threshold: 5.5, far: 2 / 3, tar: 1 },
      { threshold: 6 + 6e-6, far: 1, tar: 1 },
    ]);
    // Between (0, 1/4) and (1/3, 3/4) far + tar = 1 at the share 0.75 / (5/6) = 0.9.
    expect(equalErrorRate(pairs).rate).toBeCloseTo(0.3, 12);
    expect(equalErrorRate(pairs).threshold).toBeCloseTo(1.5 + 0.9 * 1.5, 12);
  });

  it('perfect, hopeless and reversed', () => {
    const perfect = scored([0.1, 0.2], [1, 2]);
    expect([areaUnderCurve(perfect), equalErrorRate(perfect).rate]).toEqual([1, 0]);
    const reversed = scored([1, 2], [0.1, 0.2]);
    expect([areaUnderCurve(reversed), equalErrorRate(reversed).rate]).toEqual([0, 1]);
    const equal = scored([1, 1, 1], [1, 1]);
    expect([areaUnderCurve(equal), equalErrorRate(equal).rate]).toEqual([0.5, 0.5]);
  });

  it('agrees with brute force over all combinations and thresholds', () => {
    for (const [seed, round] of [
      [1, undefined],
      [2, 1],
      [3, 2],
    ] as const) {
      const drawn = drawnPairs(1, 60, seed, round);
      const [same, different] = [true, false].map((kind) => drawn.filter((pair) => pair.same === kind));
      let area = 0;
      for (const a of same!) {
        for (const b of different!) {
          area += a.distance < b.distance ? 1 : a.distance === b.distance ? 0.5 : 0;
        }
      }
      expect(areaUnderCurve(drawn)).toBeCloseTo(area / 3600, 12);
      const curve = rocCurve(drawn);
      let trapezoids = 0;
      for (const [i, { threshold, far, tar }] of curve.entries()) {
        expect(far).toBeCloseTo(rate(drawn, false, threshold), 12);
        expect(tar).toBeCloseTo(rate(drawn, true, threshold), 12);
        if (i > 0) trapezoids += ((far - curve[i - 1]!.far) * (tar + curve[i - 1]!.tar)) / 2;
      }
      expect(trapezoids).toBeCloseTo(area / 3600, 12);
    }
  });
});

describe('thresholds', () => {
  it('exact: no threshold at all is better, and of equally good ones the middle is taken', () => {
    for (const [seed, round] of [
      [4, undefined],
      [5, 1],
    ] as const) {
      const drawn = drawnPairs(1, 80, seed, round);
      const chosen = bestThreshold(tally(drawn), 'exact');
      expect(chosen.accuracy).toBeCloseTo(accuracy(drawn, chosen.threshold), 12);
      for (const { distance } of drawn) {
        for (const other of [distance - 1e-9, distance, distance + 1e-9]) {
          expect(accuracy(drawn, other)).toBeLessThanOrEqual(chosen.accuracy + 1e-12);
        }
      }
    }
    // 4 of 6 are right between 1 and 2, 3 and 4, and 5 and 6; the middle one is 3.5.
    const tied = scored([1, 3, 5], [2, 4, 6]);
    expect(bestThreshold(tally(tied), 'exact').threshold).toBe(3.5);
  });

  it('openface stops at the first decrease, facenet takes the first of the best', () => {
    // Accuracy: 4/8 up to 0.10, 5/8 from 0.11, 4/8 from 0.21 (a stranger), then 7/8 from 0.33.
    const pairs = scored([0.105, 0.31, 0.32, 0.325], [0.205, 1, 1, 1]);
    const counts = tally(pairs);
    expect(bestThreshold(counts, 'openface').threshold).toBeCloseTo(0.2, 12);
    expect(bestThreshold(counts, 'openface').accuracy).toBe(5 / 8);
    expect(bestThreshold(counts, 'facenet').threshold).toBeCloseTo(0.33, 12);
    expect(bestThreshold(counts, 'facenet').accuracy).toBe(7 / 8);
    // Ties: openface goes on to the last of a plateau, facenet stays at its first point.
    const plateau = tally(scored([0.105], [0.905]));
    expect(bestThreshold(plateau, 'openface').threshold).toBeCloseTo(0.9, 12);
    expect(bestThreshold(plateau, 'facenet').threshold).toBeCloseTo(0.11, 12);
  });

  it('neighbouring floating-point distances are told apart', () => {
    const up = 1 + Number.EPSILON;
    const counts = tally(scored([1], [up]));
    const { threshold, accuracy: reached } = bestThreshold(counts, 'exact');
    expect(reached).toBe(1);
    expect(acceptedBelow(counts, threshold)).toEqual({ same: 1, different: 0 });
    expect(thresholdAfter(counts, 1)).toBe(up);
  });

  it('at a false accept rate: the largest that keeps it, or by interpolation', () => {
    const counts = tally(scored([0.1, 0.2, 0.3, 0.9], [0.25, 0.5, 0.75, 1]));
    expect(thresholdAtFar(counts, 0.25, 'exact')).toBeCloseTo(0.4, 12);
    expect(thresholdAtFar(counts, 0.49, 'exact')).toBeCloseTo(0.4, 12);
    expect(thresholdAtFar(counts, 0.01, 'exact')).toBeCloseTo(0.225, 12);
    // On the grid of 0.001 the rate jumps from 0 to 1/4 between 0.250 and 0.251.
    expect(thresholdAtFar(counts, 0.1, 'facenet')).toBeCloseTo(0.25 + 0.4 * 0.001, 9);
    expect(thresholdAtFar(tally(scored([1], [5])), 0.5, 'facenet')).toBe(0);
    expect(() => thresholdAtFar(counts, 0, 'exact')).toThrow(/between 0 and 1, got 0$/);
  });
});

describe('evaluate', () => {
  it('two folds by hand', () => {
    const fold = (number: number, pairs: ScoredPair[]): FoldedPair[] =>
      pairs.map((pair) => ({ ...pair, fold: number }));
    // Fold 0 alone is best between 0.5 and 0.9 (4/4), fold 1 between 1.0 and 1.2 (3/4).
    const pairs = [...fold(0, scored([0.3, 0.5], [0.9, 1.5])), ...fold(1, scored([0.8, 1.0], [0.6, 1.2]))];
    const result = evaluate(pairs, { ...quick, fars: [0.5] });
    expect(result.folds.map(({ threshold }) => threshold)).toEqual([1.1, 0.7]);
    // Fold 0 at 1.1: 0.9 is accepted wrongly; fold 1 at 0.7: both same rejected, 0.6 accepted: 1 of 4.
    expect(result.folds.map(({ accuracy: reached }) => reached)).toEqual([0.75, 0.25]);
    expect(result.accuracy.mean).toBe(0.5);
    expect(result.accuracy.sd).toBeCloseTo(Math.SQRT1_2 / 2, 12);
    expect(result.accuracy.se).toBeCloseTo(0.25, 12);
    expect(result.pairs).toEqual({ total: 8, same: 4, different: 4 });
    // Of the strangers at 0.6, 0.9, 1.2 and 1.5, those beyond 0.3: 4, 0.5: 4, 0.8: 3, 1.0: 2.
    expect(result.auc).toBeCloseTo(13 / 16, 12);
    // FAR 1/2: fold 1 allows up to 1.2 exclusive (middle 1.1), fold 0 up to 1.5 exclusive (middle 1.2).
    expect(result.valAtFar[0]!.thresholds).toEqual([1.1, 1.2]);
    expect(result.valAtFar[0]).toMatchObject({ far: 0.5, mean: 1, sd: 0, farMean: 0.5, resolution: 0.5 });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it.each(['exact', 'openface', 'facenet'] as Protocol[])('%s agrees with brute force', (protocol) => {
    const pairs = drawnPairs(5, 40, 11, 3);
    const result = evaluate(pairs, { protocol, fars: [0.01, 0.1], ...quick });
    const expected = Array.from({ length: 5 }, (_, held) => {
      const train = pairs.filter(({ fold }) => fold !== held);
      const test = pairs.filter(({ fold }) => fold === held);
      let threshold = 0;
      let best = 0;
      for (let i = 0; i < 400; i++) {
        const reached = accuracy(train, i * 0.01);
        if (reached > best || (protocol === 'openface' && reached === best))
          [best, threshold] = [reached, i * 0.01];
        else if (protocol === 'openface') break;
      }
      return { threshold, accuracy: accuracy(test, threshold), best };
    });
    result.folds.forEach(({ threshold, accuracy: reached, trainAccuracy, fold }) => {
      const train = pairs.filter((pair) => pair.fold !== fold);
      const test = pairs.filter((pair) => pair.fold === fold);
      expect(reached).toBe(accuracy(test, threshold));
      expect(trainAccuracy).toBe(accuracy(train, threshold));
      if (protocol === 'exact') {
        const all = pairs.map(({ distance }) => accuracy(train, distance + 1e-9));
        expect(trainAccuracy).toBe(Math.max(...all));
      } else {
        expect(threshold).toBe(expected[fold]!.threshold);
        expect(reached).toBe(expected[fold]!.accuracy);
      }
    });
    const values = result.folds.map((fold) => fold.accuracy);
    const mean = values.reduce((a, b) => a + b) / 5;
    const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    expect(result.accuracy.mean).toBeCloseTo(mean, 12);
    expect(result.accuracy.sd).toBeCloseTo(Math.sqrt(squares / (protocol === 'exact' ? 4 : 5)), 12);
    expect(result.accuracy.se).toBeCloseTo(Math.sqrt(squares / 4 / 5), 12);
    for (const { far, mean: val, farMean, thresholds } of result.valAtFar) {
      const rates = [true, false].map((same) =>
        thresholds.map((threshold, fold) =>
          rate(
            pairs.filter((pair) => pair.fold === fold),
            same,
            threshold,
          ),
        ),
      );
      expect(val).toBeCloseTo(rates[0]!.reduce((a, b) => a + b) / 5, 12);
      expect(farMean).toBeCloseTo(rates[1]!.reduce((a, b) => a + b) / 5, 12);
      for (const [fold, threshold] of thresholds.entries()) {
        const train = pairs.filter((pair) => pair.fold !== fold);
        expect(rate(train, false, threshold - 1e-3)).toBeLessThanOrEqual(far);
        const next = Math.min(...train.map((p) => p.distance).filter((d) => d > threshold));
        if (protocol === 'exact') expect(rate(train, false, next + 1e-9)).toBeGreaterThan(far);
      }
    }
  });

  it('the same seed gives the same intervals, which hold the figures and narrow with the pairs', () => {
    const wide = evaluate(drawnPairs(4, 25, 21), { bootstrap: { replicates: 400, seed: 3 } });
    const again = evaluate(drawnPairs(4, 25, 21), { bootstrap: { replicates: 400, seed: 3 } });
    const other = evaluate(drawnPairs(4, 25, 21), { bootstrap: { replicates: 400, seed: 4 } });
    const narrow = evaluate(drawnPairs(4, 400, 21), { bootstrap: { replicates: 400, seed: 3 } });
    expect(again).toEqual(wide);
    expect(other.aucInterval).not.toEqual(wide.aucInterval);
    for (const { accuracy: reached, auc, aucInterval } of [wide, narrow]) {
      expect(reached.interval.low).toBeLessThan(reached.mean);
      expect(reached.interval.high).toBeGreaterThan(reached.mean);
      expect(aucInterval.low).toBeLessThan(auc);
      expect(aucInterval.high).toBeGreaterThan(auc);
    }
    const width = ({ accuracy: { interval } }: typeof wide) => interval.high - interval.low;
    // Sixteen times the pairs: a quarter of the width.
    expect(width(narrow) / width(wide)).toBeGreaterThan(0.15);
    expect(width(narrow) / width(wide)).toBeLessThan(0.4);
    // About the normal approximation, 2 x 1.96 sqrt(p (1 - p) / n).
    const p = narrow.accuracy.mean;
    expect(width(narrow)).toBeGreaterThan(0.8 * 3.92 * Math.sqrt((p * (1 - p)) / 3200));
    expect(width(narrow)).toBeLessThan(1.2 * 3.92 * Math.sqrt((p * (1 - p)) / 3200));
  });

  it('folds can be cut from pairs that have none', () => {
    const cut = splitFolds(scored([1, 2, 3, 4, 5], [6, 7, 8]), 2);
    expect(cut.map(({ fold }) => fold)).toEqual([0, 0, 0, 1, 1, 0, 0, 1]);
    expect(() => splitFolds(scored([1, 2], [3]), 2)).toThrow(
      /2 folds need .* got 2 of the same person and 1 of/,
    );
    expect(() => splitFolds(scored([1], [3]), 1)).toThrow(/at least 2/);
  });

  it.each([
    ['no pairs', [], /both needed, got 0 and 0/],
    ['one kind', drawnPairs(2, 5, 1).filter(({ same }) => same), /both needed, got 10 and 0$/],
    [
      'NaN',
      [...drawnPairs(2, 5, 1), { distance: Number.NaN, same: true, fold: 1 }],
      /pair 21 of 21 has NaN$/,
    ],
    ['a negative distance', [...drawnPairs(2, 5, 1), { distance: -0.1, same: true, fold: 1 }], /has -0.1$/],
    ['one fold', drawnPairs(1, 5, 1), /at least 2 are needed, got 1$/],
    [
      'a fold of one kind',
      drawnPairs(2, 5, 1).filter(({ same, fold }) => same || fold === 0),
      /^evaluate: fold 2 of 2: .* got 5 and 0$/,
    ],
    [
      'an empty fold',
      drawnPairs(3, 5, 1).filter(({ fold }) => fold !== 1),
      /^evaluate: fold 2 of 3: .*got 0 and 0$/,
    ],
    ['a broken fold', drawnPairs(2, 5, 1).map((p) => ({ ...p, fold: p.fold + 0.5 })), /integers from 0/],
  ])('refuses %s', (_, pairs, message) => expect(() => evaluate(pairs, quick)).toThrow(message));

  it('refuses protocols and rates that do not exist', () => {
    const pairs = drawnPairs(2, 5, 1);
    expect(() => evaluate(pairs, { protocol: 'dlib' as Protocol })).toThrow(
      /exact, openface, facenet, got dlib/,
    );
    expect(() => evaluate(pairs, { fars: [1.5] })).toThrow(/got 1.5$/);
    expect(() => evaluate(pairs, { bootstrap: { replicates: 0 } })).toThrow(/positive integer/);
  });

  it('equal distances everywhere: half right, no crash', () => {
    const pairs = drawnPairs(2, 5, 1).map((pair) => ({ ...pair, distance: 1 }));
    const result = evaluate(pairs, quick);
    expect([result.accuracy.mean, result.auc, result.eer]).toEqual([0.5, 0.5, 0.5]);
  });
});
