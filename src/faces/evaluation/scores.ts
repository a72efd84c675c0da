// Distances of pairs with the truth about them, sorted and counted.
import { InputError } from '../../base/errors.js';

/** Distance of one pair's embeddings (squared L2 unless the caller says otherwise), and the truth. */
export interface ScoredPair {
  readonly distance: number;
  readonly same: boolean;
}

/** A scored pair in its fold, from 0. */
export interface FoldedPair extends ScoredPair {
  readonly fold: number;
}

/** InputError unless there are pairs of both kinds and every distance is finite and not negative. */
export function assertScored(where: string, pairs: readonly ScoredPair[]): void {
  const broken = pairs.findIndex(({ distance }) => !Number.isFinite(distance) || distance < 0);
  if (broken >= 0) {
    throw new InputError(
      `${where}: every distance must be finite and at least 0, pair ${broken + 1} of ${pairs.length} has ${pairs[broken]!.distance}`,
    );
  }
  const same = pairs.filter((pair) => pair.same).length;
  if (same === 0 || same === pairs.length) {
    throw new InputError(
      `${where}: pairs of the same person and of different people are both needed, got ${same} and ${pairs.length - same}`,
    );
  }
}

/** Counts at the distinct distances of some pairs: what every curve and threshold is read from. */
export interface Tally {
  readonly same: number;
  readonly different: number;
  /** Distinct distances, rising. */
  readonly distances: Float64Array;
  /** Pairs of the same person at or below each distance. */
  readonly sameUpTo: Float64Array;
  /** Pairs of different people at or below each distance. */
  readonly differentUpTo: Float64Array;
}

/** Sorts and counts pairs; they need neither order nor both kinds. */
export function tally(pairs: readonly ScoredPair[]): Tally {
  const distances: number[] = [];
  const sameUpTo: number[] = [];
  const differentUpTo: number[] = [];
  let same = 0;
  let different = 0;
  for (const { distance, same: isSame } of pairs.toSorted((a, b) => a.distance - b.distance)) {
    if (isSame) same++;
    else different++;
    if (distances.at(-1) !== distance) {
      distances.push(distance);
      sameUpTo.push(0);
      differentUpTo.push(0);
    }
    sameUpTo[distances.length - 1] = same;
    differentUpTo[distances.length - 1] = different;
  }
  return {
    same,
    different,
    distances: Float64Array.from(distances),
    sameUpTo: Float64Array.from(sameUpTo),
    differentUpTo: Float64Array.from(differentUpTo),
  };
}

/** How many distinct distances lie below `threshold`: the pairs that count as the same person. */
export function below({ distances }: Tally, threshold: number): number {
  let low = 0;
  let high = distances.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (distances[middle]! < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Pairs of either kind that are accepted as the same person when their distance is below `threshold`. */
export function acceptedBelow(counts: Tally, threshold: number): { same: number; different: number } {
  const count = below(counts, threshold);
  return acceptedFirst(counts, count);
}

/** The same for the `count` smallest distinct distances. */
export function acceptedFirst(counts: Tally, count: number): { same: number; different: number } {
  return count === 0
    ? { same: 0, different: 0 }
    : { same: counts.sameUpTo[count - 1]!, different: counts.differentUpTo[count - 1]! };
}

/**
 * A threshold that accepts exactly the `count` smallest distinct distances: midway between two observed ones, so that
 * new pairs on either side have the same room.
 */
export function thresholdAfter({ distances }: Tally, count: number): number {
  const last = distances.length;
  if (last === 0) throw new InputError('a threshold needs at least one observed distance, got none');
  if (count === 0) return distances[0]!;
  if (count < last) {
    const middle = (distances[count - 1]! + distances[count]!) / 2;
    // Neighbouring floating-point numbers have no middle.
    return middle > distances[count - 1]! ? middle : distances[count]!;
  }
  const top = distances[last - 1]!;
  return top + Math.max(top, 1) * 1e-6;
}
