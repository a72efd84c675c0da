// The pairs on which a net errs most: a look at them tells bad pictures from a bad net.
import type { FoldedPair } from './scores.js';

/** Places in the list of pairs, the worst first. */
export interface WorstPairs {
  /** Of one person, taken for two: farthest beyond their fold's threshold. */
  readonly rejected: readonly number[];
  /** Of two people, taken for one: nearest of all below it. */
  readonly accepted: readonly number[];
}

/** At most `count` wrongly decided pairs of either kind; `thresholds[fold]` as `evaluate` chose them. */
export function worstPairs(
  pairs: readonly FoldedPair[],
  thresholds: readonly number[],
  count: number,
): WorstPairs {
  const beyond = ({ distance, fold }: FoldedPair) => distance - thresholds[fold]!;
  const places = pairs.map((_, i) => i);
  const rejected = places
    .filter((i) => pairs[i]!.same && beyond(pairs[i]!) >= 0)
    .sort((a, b) => beyond(pairs[b]!) - beyond(pairs[a]!) || a - b);
  const accepted = places
    .filter((i) => !pairs[i]!.same && beyond(pairs[i]!) < 0)
    .sort((a, b) => beyond(pairs[a]!) - beyond(pairs[b]!) || a - b);
  return { rejected: rejected.slice(0, count), accepted: accepted.slice(0, count) };
}
