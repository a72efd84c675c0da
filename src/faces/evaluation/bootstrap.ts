// How far accuracy and AUC would move with other pairs of the same kind.
import { InputError } from '../../base/errors.js';
import { uniform } from '../../base/random.js';
import type { ScoredPair } from './scores.js';
import { type Interval, quantile } from './statistics.js';

/** How often, with which seed and at which level a bootstrap resamples. */
export interface BootstrapOptions {
  /** Samples drawn, 2000 unless told. */
  readonly replicates?: number;
  /** Same seed, same intervals, on every machine; 0 unless told. */
  readonly seed?: number;
  /** Share of the samples that the interval holds, 0.95 unless told. */
  readonly level?: number;
}

/** Intervals of accuracy and AUC by resampling, and how they were drawn. */
export interface BootstrapIntervals {
  readonly accuracy: Interval;
  readonly auc: Interval;
  readonly replicates: number;
  readonly seed: number;
  readonly level: number;
}

/**
 * Percentile intervals (Efron, 1979) from pairs drawn anew with replacement, those of the same person and those of
 * different people apart, so that their proportion stays. `right` tells for each pair whether it was decided rightly:
 * thresholds are not chosen anew. People who stand in several pairs make the true uncertainty somewhat larger.
 */
export function bootstrapIntervals(
  pairs: readonly ScoredPair[],
  right: readonly boolean[],
  { replicates = 2000, seed = 0, level = 0.95 }: BootstrapOptions = {},
): BootstrapIntervals {
  if (!Number.isInteger(replicates) || replicates < 1 || !(level > 0 && level < 1)) {
    throw new InputError(
      `bootstrap: replicates must be a positive integer and the level lie between 0 and 1, got ${replicates} and ${level}`,
    );
  }
  const order = pairs.map((_, i) => i).sort((a, b) => pairs[a]!.distance - pairs[b]!.distance);
  /** Places in `order` of the pairs of each kind. */
  const places = [true, false].map((same) =>
    Int32Array.from(order.flatMap((i, place) => (pairs[i]!.same === same ? [place] : []))),
  );
  const distances = Float64Array.from(order, (i) => pairs[i]!.distance);
  const accuracies = new Float64Array(replicates);
  const areas = new Float64Array(replicates);
  const draws = [new Float64Array(pairs.length), new Float64Array(pairs.length)] as const;
  let index = 0;
  for (let replicate = 0; replicate < replicates; replicate++) {
    let hits = 0;
    for (const [kind, own] of places.entries()) {
      const drawn = draws[kind]!.fill(0);
      for (let n = 0; n < own.length; n++) {
        const place = own[Math.floor(uniform(seed, index++) * own.length)]!;
        drawn[place]!++;
        if (right[order[place]!]) hits++;
      }
    }
    accuracies[replicate] = hits / pairs.length;
    areas[replicate] = drawnArea(distances, ...draws) / (places[0]!.length * places[1]!.length);
  }
  const interval = (values: Float64Array): Interval => {
    const sorted = values.sort();
    return { low: quantile(sorted, (1 - level) / 2), high: quantile(sorted, (1 + level) / 2) };
  };
  return { accuracy: interval(accuracies), auc: interval(areas), replicates, seed, level };
}

/** Pairs of one drawn pair of each kind, the same person's nearer; ties count half. `distances` rise. */
function drawnArea(distances: Float64Array, same: Float64Array, different: Float64Array): number {
  let nearer = 0;
  let area = 0;
  for (let start = 0; start < distances.length; ) {
    let tiedSame = 0;
    let tiedDifferent = 0;
    let end = start;
    for (; end < distances.length && distances[end] === distances[start]; end++) {
      tiedSame += same[end]!;
      tiedDifferent += different[end]!;
    }
    area += tiedDifferent * (nearer + tiedSame / 2);
    nearer += tiedSame;
    start = end;
  }
  return area;
}
