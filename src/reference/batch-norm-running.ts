// CPU twin of batch_norm_running.

/** Whether value i of `statistics` [2,C] and the other one of its channel are finite. */
function counts(statistics: Float64Array, i: number): boolean {
  const C = statistics.length / 2;
  return Number.isFinite(statistics[i]) && Number.isFinite(statistics[(i + C) % (2 * C)]);
}

/**
 * Running mean and variance [2,C], row-major, after a batch of `pixels` values a channel had `statistics` (biased). Those of a
 * channel whose statistics are not finite stay.
 */
export function runningStatistics(
  running: Float64Array,
  statistics: Float64Array,
  { momentum, pixels }: { momentum: number; pixels: number },
): Float64Array {
  const C = running.length / 2;
  return running.map((value, i) => {
    if (!counts(statistics, i)) return value;
    const unbiased = statistics[i]! * (i < C ? 1 : pixels / (pixels - 1));
    return (1 - momentum) * value + momentum * unbiased;
  });
}

/**
 * The error after that step, in units of 4 * 2^-24, of a `running` that erred by `error` before it: every rounding adds
 * its operand's size. Both factors and their products are rounded (twice for the variance's), then the sum.
 */
export function runningStatisticsBound(
  running: Float64Array,
  error: Float64Array,
  statistics: Float64Array,
  options: { momentum: number; pixels: number },
): Float64Array {
  const { momentum } = options;
  const old = running.map((value) => Math.abs((1 - momentum) * value));
  const next = runningStatistics(new Float64Array(running.length), statistics, options);
  return error.map((e, i) =>
    counts(statistics, i) ? (1 - momentum) * e + (3 * old[i]! + 5 * Math.abs(next[i]!)) / 4 : e,
  );
}
