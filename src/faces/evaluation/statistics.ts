// Small statistics over folds and counts.

/** Mean and spread of one figure over folds. */
export interface FoldStatistics {
  readonly mean: number;
  /** Standard deviation: divisor n - 1, or n under a `compat` that published it so; 0 for one fold. */
  readonly sd: number;
  /**
   * Standard error of the mean as LFW asks for it (Huang et al., 2007): the deviation with divisor n - 1, over the root of
   * n; null for one fold, which has none.
   */
  readonly se: number | null;
}

/** Mean, deviation and error of the mean; `divisor` concerns `sd` only. */
export function foldStatistics(values: readonly number[], divisor: 'n-1' | 'n' = 'n-1'): FoldStatistics {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  if (n < 2) return { mean, sd: 0, se: null };
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return {
    mean,
    sd: Math.sqrt(squares / (divisor === 'n' ? n : n - 1)),
    se: Math.sqrt(squares / (n - 1) / n),
  };
}

/** A rate with an interval about it. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 % quantile of the standard normal distribution. */
const Z95 = 1.959963984540054;

/**
 * 95 % interval of a rate of which `hits` in `trials` were seen (Wilson, "Probable inference", JASA 1927): unlike the
 * textbook's, it stays within 0..1 and has a width where no hit was seen.
 */
export function wilsonInterval(hits: number, trials: number): Interval {
  const rate = hits / trials;
  const z2 = Z95 ** 2;
  const middle = (rate + z2 / (2 * trials)) / (1 + z2 / trials);
  const half = (Z95 / (1 + z2 / trials)) * Math.sqrt((rate * (1 - rate)) / trials + z2 / (4 * trials ** 2));
  return {
    low: hits === 0 ? 0 : middle - half,
    high: hits === trials ? 1 : middle + half,
  };
}

/** The value below which the share `q` of the sorted values lies, linear between neighbours. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
}
