// Leaves out what nobody reads: a tape records an op's forward pass also where only its gradient is wanted.
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, written } from '../gpu/kernel.js';

/**
 * The dispatches that lead to a pinned tensor or to one of `keep`, in their order. A transient tensor that none of them
 * reads is not computed.
 */
export function withoutUnused(
  dispatches: readonly Dispatch<Tensor>[],
  keep: readonly Tensor[] = [],
): Dispatch<Tensor>[] {
  const wanted = new Set(keep);
  const kept: Dispatch<Tensor>[] = [];
  for (const d of [...dispatches].reverse()) {
    if (!written(d).some((t) => t.lifetime === 'pinned' || wanted.has(t))) continue;
    // What it writes stays wanted: an earlier dispatch may write the rest of it.
    for (const t of Object.values(d.buffers)) wanted.add(t);
    kept.push(d);
  }
  return kept.reverse();
}
