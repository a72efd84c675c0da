// The receiver operating characteristic of a distance: curve, area, equal error rate.
import { acceptedFirst, assertScored, type ScoredPair, type Tally, tally, thresholdAfter } from './scores.js';

/** Rates at one threshold: a pair counts as the same person when its distance is below it. */
export interface RocPoint {
  readonly threshold: number;
  /** False accept rate: accepted pairs of different people over all such pairs. */
  readonly far: number;
  /** True accept rate: accepted pairs of the same person over all such pairs. */
  readonly tar: number;
}

/** Every point of the curve, from (0, 0) to (1, 1), one for each distinct distance and the start. */
export function rocCurve(pairs: readonly ScoredPair[]): RocPoint[] {
  assertScored('ROC', pairs);
  return curveOf(tally(pairs));
}

function curveOf(counts: Tally): RocPoint[] {
  return Array.from({ length: counts.distances.length + 1 }, (_, count) => {
    const { same, different } = acceptedFirst(counts, count);
    return {
      threshold: thresholdAfter(counts, count),
      far: different / counts.different,
      tar: same / counts.same,
    };
  });
}

/**
 * Area under the ROC curve: the probability that a pair of the same person lies nearer than one of different people, ties
 * counted half (Mann and Whitney, 1947; Hanley and McNeil, Radiology 1982). Exact, no grid of thresholds.
 */
export function areaUnderCurve(pairs: readonly ScoredPair[]): number {
  assertScored('AUC', pairs);
  return areaOf(tally(pairs));
}

export function areaOf(counts: Tally): number {
  let area = 0;
  let before = { same: 0, different: 0 };
  for (let count = 1; count <= counts.distances.length; count++) {
    const now = acceptedFirst(counts, count);
    const farther = counts.different - now.different;
    const tied = now.different - before.different;
    area += (now.same - before.same) * (farther + tied / 2);
    before = now;
  }
  return area / (counts.same * counts.different);
}

/** The rate at which false accepts and false rejects are equally frequent, and the threshold there. */
export interface EqualErrorRate {
  readonly rate: number;
  readonly threshold: number;
}

/** Where the ROC curve, its points joined by straight lines, crosses FAR = 1 - TAR. */
export function equalErrorRate(pairs: readonly ScoredPair[]): EqualErrorRate {
  assertScored('EER', pairs);
  return equalErrorOf(tally(pairs));
}

export function equalErrorOf(counts: Tally): EqualErrorRate {
  const curve = curveOf(counts);
  // far + tar rises from 0 to 2 along the curve, so that 1 is crossed once.
  const end = curve.findIndex(({ far, tar }) => far + tar >= 1);
  const high = curve[end]!;
  const low = curve[end - 1]!;
  const share = (1 - low.far - low.tar) / (high.far + high.tar - low.far - low.tar);
  return {
    rate: low.far + share * (high.far - low.far),
    threshold: low.threshold + share * (high.threshold - low.threshold),
  };
}
