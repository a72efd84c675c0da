// Ways of choosing a threshold from pairs whose truth is known.
import { InputError } from '../../base/errors.js';
import { acceptedBelow, acceptedFirst, below, type Tally, thresholdAfter } from './scores.js';

/**
 * How published figures were made. `exact`: every threshold between observed distances. `openface`
 * (cmusatyalab/openface, evaluation/lfw.py): 0, 0.01 ... 3.99, stopped at the first decrease of the accuracy.
 * `facenet` (davidsandberg/facenet, src/facenet.py): the same grid, the first of the best; thresholds for a false accept
 * rate by interpolation on 0, 0.001 ... 3.999. Both grids are for squared L2 of unit vectors.
 */
export const PROTOCOLS = ['exact', 'openface', 'facenet'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** A threshold and the share of the pairs it was chosen on that it decides rightly. */
export interface ChosenThreshold {
  readonly threshold: number;
  readonly accuracy: number;
}

/** The threshold of the best accuracy on some pairs. */
export function bestThreshold(counts: Tally, protocol: Protocol): ChosenThreshold {
  switch (protocol) {
    case 'exact':
      return bestBetween(counts);
    case 'openface':
      return untilFirstDecrease(counts);
    case 'facenet':
      return firstBest(counts);
    default:
      throw new InputError(`evaluate: the protocol must be one of ${PROTOCOLS.join(', ')}, got ${protocol}`);
  }
}

/** Share of all pairs that `threshold` decides rightly. */
export function accuracyAt(counts: Tally, threshold: number): number {
  return right(counts, acceptedBelow(counts, threshold));
}

function right(counts: Tally, accepted: { same: number; different: number }): number {
  return (accepted.same + counts.different - accepted.different) / (counts.same + counts.different);
}

function bestBetween(counts: Tally): ChosenThreshold {
  let accuracy = -1;
  let best: number[] = [];
  for (let count = 0; count <= counts.distances.length; count++) {
    const reached = right(counts, acceptedFirst(counts, count));
    if (reached > accuracy) {
      accuracy = reached;
      best = [];
    }
    if (reached === accuracy) best.push(count);
  }
  // Of equally good ones the middle one: the outer ones owe more to chance.
  return { threshold: thresholdAfter(counts, best[(best.length - 1) >> 1]!), accuracy };
}

const GRID_END = 4;
/** The grid of Python's arange(0, 4, step), whose points are i * step. */
const grid = (step: number): number[] =>
  Array.from({ length: Math.round(GRID_END / step) }, (_, i) => i * step);
const ACCURACY_GRID = grid(0.01);
const RATE_GRID = grid(0.001);

function untilFirstDecrease(counts: Tally): ChosenThreshold {
  let best: ChosenThreshold = { threshold: 0, accuracy: 0 };
  for (const threshold of ACCURACY_GRID) {
    const accuracy = accuracyAt(counts, threshold);
    if (accuracy < best.accuracy) break;
    best = { threshold, accuracy };
  }
  return best;
}

function firstBest(counts: Tally): ChosenThreshold {
  let best: ChosenThreshold = { threshold: 0, accuracy: -1 };
  for (const threshold of ACCURACY_GRID) {
    const accuracy = accuracyAt(counts, threshold);
    if (accuracy > best.accuracy) best = { threshold, accuracy };
  }
  return best;
}

/** InputError unless `far` is a rate that can be asked for. */
export function assertFar(where: string, far: number): void {
  if (!(far > 0 && far < 1)) {
    throw new InputError(`${where}: a false accept rate must lie between 0 and 1, got ${far}`);
  }
}

/** The threshold that lets at most the share `far` of the pairs of different people pass. */
export function thresholdAtFar(counts: Tally, far: number, protocol: Protocol): number {
  assertFar('evaluate', far);
  return protocol === 'facenet' ? interpolated(counts, far) : largestWithin(counts, far);
}

/** The largest threshold between observed distances whose false accept rate on these pairs is at most `far`. */
function largestWithin(counts: Tally, far: number): number {
  const most = far * counts.different * (1 + 1e-12);
  let count = 0;
  while (count < counts.distances.length && counts.differentUpTo[count]! <= most) count++;
  return thresholdAfter(counts, count);
}

/** Where the false accept rate, linear between grid points, first reaches `far`; 0 where it never does. */
function interpolated(counts: Tally, far: number): number {
  const rate = (threshold: number) =>
    acceptedFirst(counts, below(counts, threshold)).different / counts.different;
  let previous = { threshold: 0, rate: 0 };
  for (const threshold of RATE_GRID) {
    const now = { threshold, rate: rate(threshold) };
    if (now.rate >= far) {
      if (now.rate === previous.rate) return now.threshold;
      const share = (far - previous.rate) / (now.rate - previous.rate);
      return previous.threshold + share * (now.threshold - previous.threshold);
    }
    previous = now;
  }
  return 0;
}
