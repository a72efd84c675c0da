// The figures of a verification run: k-fold accuracy, ROC, EER, VAL at fixed FAR, intervals.
import { InputError } from '../../base/errors.js';
import { type BootstrapIntervals, type BootstrapOptions, bootstrapIntervals } from './bootstrap.js';
import { areaOf, equalErrorOf } from './roc.js';
import { acceptedBelow, assertScored, type FoldedPair, type Tally, tally } from './scores.js';
import { type FoldStatistics, foldStatistics, type Interval } from './statistics.js';
import {
  accuracyAt,
  assertFar,
  bestThreshold,
  type ChosenThreshold,
  PROTOCOLS,
  type Protocol,
  thresholdAtFar,
} from './thresholds.js';

/** Protocol and operating points of an evaluation. */
export interface EvaluationOptions {
  /** `exact` unless told. The others also give the standard deviation with divisor n, as they published it. */
  readonly protocol?: Protocol;
  /** False accept rates to give the true accept rate at; [0.001] unless told. */
  readonly fars?: readonly number[];
  readonly bootstrap?: BootstrapOptions;
}

/** One fold, with the threshold that the others chose. */
export interface FoldResult {
  readonly fold: number;
  readonly pairs: number;
  readonly threshold: number;
  /** Share of the other folds' pairs that the threshold decides rightly. */
  readonly trainAccuracy: number;
  /** Share of this fold's pairs. */
  readonly accuracy: number;
}

/** True accept rate ("VAL") at a false accept rate, thresholds chosen for it on the other folds. */
export interface ValAtFar extends FoldStatistics {
  /** The rate that was asked for. */
  readonly far: number;
  /** The rate that the held-out folds really had, mean over the folds. */
  readonly farMean: number;
  readonly thresholds: readonly number[];
  /** The smallest rate above 0 that the other folds' pairs can all show; a `far` below it was not measured. */
  readonly resolution: number;
}

/** JSON-serialisable result of `evaluate`. Distances below a threshold mean the same person. */
export interface Evaluation {
  readonly protocol: Protocol;
  readonly pairs: { readonly total: number; readonly same: number; readonly different: number };
  /** Over the folds, each decided with the threshold of the others; the interval is the bootstrap's. */
  readonly accuracy: FoldStatistics & { readonly interval: Interval };
  readonly folds: readonly FoldResult[];
  /** Thresholds of the folds. */
  readonly threshold: FoldStatistics;
  readonly auc: number;
  readonly aucInterval: Interval;
  readonly eer: number;
  readonly eerThreshold: number;
  readonly valAtFar: readonly ValAtFar[];
  /** Chosen and measured on the same pairs: too good by nature, never the figure to publish. */
  readonly bestOnAll: ChosenThreshold;
  readonly bootstrap: Pick<BootstrapIntervals, 'replicates' | 'seed' | 'level'>;
}

/**
 * Evaluates distances of pairs in folds 0, 1 ... InputError when there are fewer than two folds, when a fold lacks pairs
 * of either kind, and when a distance is not finite or negative.
 */
export function evaluate(pairs: readonly FoldedPair[], options: EvaluationOptions = {}): Evaluation {
  const { protocol = 'exact', fars = [0.001], bootstrap } = options;
  if (!PROTOCOLS.includes(protocol)) {
    throw new InputError(`evaluate: the protocol must be one of ${PROTOCOLS.join(', ')}, got ${protocol}`);
  }
  for (const far of fars) assertFar('evaluate', far);
  const splits = split(pairs);
  const divisor = protocol === 'exact' ? 'n-1' : 'n';
  const folds = splits.map(({ train, test }, fold): FoldResult => {
    const { threshold, accuracy: trainAccuracy } = bestThreshold(train, protocol);
    const held = test.same + test.different;
    return { fold, pairs: held, threshold, trainAccuracy, accuracy: accuracyAt(test, threshold) };
  });
  const all = tally(pairs);
  const right = pairs.map(({ distance, same, fold }) => distance < folds[fold]!.threshold === same);
  const intervals = bootstrapIntervals(pairs, right, bootstrap);
  const { replicates, seed, level } = intervals;
  const eer = equalErrorOf(all);
  return {
    protocol,
    pairs: { total: pairs.length, same: all.same, different: all.different },
    accuracy: {
      ...foldStatistics(
        folds.map(({ accuracy }) => accuracy),
        divisor,
      ),
      interval: intervals.accuracy,
    },
    folds,
    threshold: foldStatistics(
      folds.map(({ threshold }) => threshold),
      divisor,
    ),
    auc: areaOf(all),
    aucInterval: intervals.auc,
    eer: eer.rate,
    eerThreshold: eer.threshold,
    valAtFar: fars.map((far) => valAtFar(splits, far, protocol, divisor)),
    bestOnAll: bestThreshold(all, protocol),
    bootstrap: { replicates, seed, level },
  };
}

/**
 * Cuts pairs without folds (or of one) into `count` folds: the i-th part of the pairs of the same person together with the
 * i-th part of the others, in their order.
 */
export function splitFolds<P extends { readonly same: boolean }>(
  pairs: readonly P[],
  count: number,
): (P & { fold: number })[] {
  const totals = [true, false].map((same) => pairs.filter((pair) => pair.same === same).length);
  if (!Number.isInteger(count) || count < 2 || Math.min(...totals) < count) {
    throw new InputError(
      `folds: ${count} folds need an integer of at least 2 and as many pairs of each kind, got ${totals[0]} of the same person and ${totals[1]} of different people`,
    );
  }
  const seen = [0, 0];
  return pairs.map((pair) => {
    const kind = pair.same ? 0 : 1;
    return { ...pair, fold: Math.floor((seen[kind]!++ * count) / totals[kind]!) };
  });
}

interface Split {
  readonly test: Tally;
  readonly train: Tally;
}

function split(pairs: readonly FoldedPair[]): Split[] {
  assertScored('evaluate', pairs);
  if (pairs.some(({ fold }) => !Number.isInteger(fold) || fold < 0)) {
    throw new InputError('evaluate: folds must be numbered by integers from 0');
  }
  const count = pairs.reduce((most, { fold }) => Math.max(most, fold), 0) + 1;
  if (count < 2) {
    throw new InputError(
      'evaluate: a threshold is chosen on the other folds, so at least 2 are needed, got 1',
    );
  }
  return Array.from({ length: count }, (_, fold) => {
    const own = pairs.filter((pair) => pair.fold === fold);
    assertScored(`evaluate: fold ${fold + 1} of ${count}`, own);
    return { test: tally(own), train: tally(pairs.filter((pair) => pair.fold !== fold)) };
  });
}

function valAtFar(splits: readonly Split[], far: number, protocol: Protocol, divisor: 'n-1' | 'n'): ValAtFar {
  const thresholds = splits.map(({ train }) => thresholdAtFar(train, far, protocol));
  const accepted = splits.map(({ test }, fold) => acceptedBelow(test, thresholds[fold]!));
  return {
    far,
    ...foldStatistics(
      splits.map(({ test }, fold) => accepted[fold]!.same / test.same),
      divisor,
    ),
    farMean:
      splits.reduce((sum, { test }, fold) => sum + accepted[fold]!.different / test.different, 0) /
      splits.length,
    thresholds,
    resolution: 1 / Math.min(...splits.map(({ train }) => train.different)),
  };
}
