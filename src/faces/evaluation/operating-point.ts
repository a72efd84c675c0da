// A threshold for the false accept rate that someone wants, and how sure it is.
import { acceptedBelow, assertScored, type ScoredPair, tally } from './scores.js';
import { type Interval, wilsonInterval } from './statistics.js';
import { assertFar, thresholdAtFar } from './thresholds.js';

/** A rate that was seen among some pairs, with Wilson's 95 % interval. */
export interface SeenRate extends Interval {
  readonly value: number;
  readonly hits: number;
  readonly trials: number;
}

/** JSON-serialisable. Distances below the threshold mean the same person. */
export interface OperatingPoint {
  readonly threshold: number;
  /** The false accept rate that was asked for. */
  readonly wantedFar: number;
  readonly far: SeenRate;
  readonly tar: SeenRate;
  /** False: so few pairs of different people cannot show a rate so small; the threshold only lets none of them pass. */
  readonly resolved: boolean;
}

/**
 * The largest threshold at which at most the share `far` of the pairs of different people pass. The interval is for
 * independent pairs; all pairs of a folder of people are not, so that the truth is somewhat less sure.
 */
export function operatingPoint(pairs: readonly ScoredPair[], far: number): OperatingPoint {
  assertScored('threshold', pairs);
  assertFar('threshold', far);
  const counts = tally(pairs);
  const threshold = thresholdAtFar(counts, far, 'exact');
  const { same, different } = acceptedBelow(counts, threshold);
  return {
    threshold,
    wantedFar: far,
    far: seenRate(different, counts.different),
    tar: seenRate(same, counts.same),
    resolved: far * counts.different >= 1,
  };
}

function seenRate(hits: number, trials: number): SeenRate {
  return { value: hits / trials, hits, trials, ...wilsonInterval(hits, trials) };
}
