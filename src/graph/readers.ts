// How many gradients of each tensor are still to come, so that the last can do what is to be done with their sum.
import type { Tensor } from '../base/tensor.js';
import { attachedInputs, type OpUse } from './rule.js';

export class Readers {
  private readonly left = new Map<Tensor, number>();
  private readonly maskable: ReadonlySet<Tensor>;

  /**
   * Of the pass that walks `nodes` in reverse from the gradients of `seeds` and visits the tensors in `needed`. The
   * gradients of `wrt` are asked for as they are.
   */
  constructor(
    nodes: readonly OpUse[],
    seeds: Iterable<Tensor>,
    needed: ReadonlySet<Tensor>,
    wrt: readonly Tensor[],
  ) {
    const reached = new Set(seeds);
    for (const node of [...nodes].reverse()) {
      if (!reached.has(node.y)) continue;
      for (const [, input] of attachedInputs(node)) {
        if (!needed.has(input)) continue;
        reached.add(input);
        this.left.set(input, (this.left.get(input) ?? 0) + 1);
      }
    }
    const rectified = nodes.filter(({ op, attrs, y }) => op.rectifies?.(attrs) && !wrt.includes(y));
    this.maskable = new Set(rectified.map(({ y }) => y));
  }

  /** Counts a reader's gradient of `t`: true if it is the last and only the rectifier that made `t` will read the sum. */
  completesRectified(t: Tensor): boolean {
    const left = this.left.get(t)! - 1;
    this.left.set(t, left);
    return left === 0 && this.maskable.has(t);
  }
}
