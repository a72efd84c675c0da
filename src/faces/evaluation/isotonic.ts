// The falling step function nearest to points, in weighted least squares.

export interface WeightedPoint {
  readonly x: number;
  readonly y: number;
  readonly weight: number;
}

/** A stretch of x on which the fit is level. */
export interface IsotonicBlock {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/**
 * Pools adjacent violators: blocks with falling values, from the least x on. Points of equal x are one point (their mean),
 * so that the answer does not depend on their order.
 */
export function isotonicFit(points: readonly WeightedPoint[]): IsotonicBlock[] {
  const blocks: { from: number; to: number; sum: number; weight: number }[] = [];
  for (const { x, y, weight } of points.toSorted((a, b) => a.x - b.x)) {
    const last = blocks.at(-1);
    if (last && last.from === x && last.to === x) {
      last.sum += weight * y;
      last.weight += weight;
    } else {
      blocks.push({ from: x, to: x, sum: weight * y, weight });
    }
  }
  const pooled: typeof blocks = [];
  for (const block of blocks) {
    let current = block;
    for (;;) {
      const before = pooled.at(-1);
      // Equal values are pooled too: one level stretch, not two.
      if (!before || before.sum / before.weight > current.sum / current.weight) break;
      pooled.pop();
      current = {
        from: before.from,
        to: current.to,
        sum: before.sum + current.sum,
        weight: before.weight + current.weight,
      };
    }
    pooled.push(current);
  }
  return pooled.map(({ from, to, sum, weight }) => ({ from, to, value: sum / weight }));
}
