// What a training's numbers say is going wrong, and what to try.
import { tripletFacts } from './losses.js';
import type { Alarm } from './types.js';

/** The metric that the alarms read the triplets of a batch from: `counts` of `recordTriplets`. */
export const TRIPLET_COUNTS = 'triplets';

/** A step's numbers, as alarms look at them. */
export interface StepNumbers {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly updated: boolean;
  /** `counts` [8] of `recordTriplets`. */
  readonly triplets?: ArrayLike<number> | undefined;
  /** Gradient norms of steps reported before, the newest last. */
  readonly earlierNorms: readonly number[];
}

/** A spread below this share of that of random directions (2) is a point for all that a threshold can tell. */
const POINT = 0.01 * 2;
/** Norms that are this many times the median of the earlier ones, or below its reciprocal, are told. */
const JUMP = 20;
const VANISHED = 1e-7;
/** Fewer norms than this have no telling median. */
const ENOUGH = 5;

/** The alarms of one step; none where all is well. */
export function alarmsOf(n: StepNumbers): Alarm[] {
  const found: Alarm[] = [];
  if (!n.updated || !Number.isFinite(n.loss)) {
    const kept = n.updated ? '' : '; the weights were left as they were';
    found.push({
      kind: 'not-finite',
      message: `the loss is ${n.loss} and the gradient's norm ${n.gradientNorm}${kept}`,
      advice:
        'lower the learning rate or lengthen the warm-up; look for NaN in the inputs; if it comes back, resume from a checkpoint before it',
    });
    return found;
  }
  if (n.triplets) found.push(...tripletAlarms(n.triplets));
  const earlier = n.earlierNorms.toSorted((a, b) => a - b);
  const median = earlier[Math.floor(earlier.length / 2)];
  if (n.gradientNorm < VANISHED) {
    found.push({
      kind: 'gradient-gone',
      message: `the gradient's norm is ${n.gradientNorm.toExponential(1)}: nothing is learned`,
      advice:
        'a loss that is 0 needs harder triplets (mine semi-hard or in-margin) or a larger margin; otherwise look for units that never fire',
    });
  } else if (
    median !== undefined &&
    earlier.length >= ENOUGH &&
    median > VANISHED &&
    n.gradientNorm > JUMP * median
  ) {
    found.push({
      kind: 'gradient-large',
      message: `the gradient's norm is ${n.gradientNorm.toExponential(1)}, ${(n.gradientNorm / median).toFixed(0)} times the median of the steps before`,
      advice: 'clip the norm near that median, lower the learning rate, or lengthen the warm-up',
    });
  }
  return found;
}

function tripletAlarms(counts: ArrayLike<number>): Alarm[] {
  const facts = tripletFacts(counts);
  if (facts.spread < POINT) {
    return [
      {
        kind: 'collapse',
        message: `embeddings lie ${facts.spread.toExponential(1)} apart on average (2 would be random): they have collapsed to one point, ${(100 * facts.active).toFixed(0)} % of ${facts.mined} triplets are active`,
        advice:
          'begin with semi-hard or random negatives instead of hard ones, lower the learning rate, lengthen the warm-up, or mix in a teacher; resume from a checkpoint before it',
      },
    ];
  }
  if (facts.mined === 0) {
    return [
      {
        kind: 'no-triplets',
        message: `no triplet could be mined from a batch of ${counts[3]}`,
        advice:
          'a batch needs several pictures of a person and several people (P x K); with semi-hard or in-margin mining a larger margin or a larger batch finds more',
      },
    ];
  }
  return [];
}
