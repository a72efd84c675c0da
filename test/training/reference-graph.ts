// What a tape has recorded, computed by the float64 references: the graphs of the product, without a GPU.
import { families } from '../../harness/cases/index.js';
import type { Tensor } from '../../src/base/tensor.js';
import type { Tape } from '../../src/graph/tape.js';
import type { NdArray, ReferenceOp } from '../../src/reference/array.js';
import { runningStatistics } from '../../src/reference/batch-norm-running.js';
import { ReferenceTape } from './reference-tape.js';

const references: ReadonlyMap<string, ReferenceOp<unknown>> = new Map(
  families.map(({ op, reference }) => [(op as { name: string }).name, reference as ReferenceOp<unknown>]),
);

/** The ops of a tape on which nothing but a forward pass was recorded. */
export class ReferenceGraph {
  constructor(private readonly tape: Tape) {}

  /** All tensors, from the values of those that no op computes. */
  forward(given: ReadonlyMap<Tensor, NdArray>): ReferenceRun {
    const reference = new ReferenceTape();
    const values = new Map(given);
    for (const { op, where, inputs, attrs, y } of this.tape.ops) {
      const twin = references.get(op.name);
      if (!twin) throw new Error(`${op.name} at ${where} has no reference`);
      const arrays = Object.fromEntries(
        Object.entries(inputs).map(([name, t]) => {
          const value = values.get(t);
          if (!value) throw new Error(`${op.name} at ${where}: ${name} (${t.name}) has no value`);
          return [name, value];
        }),
      );
      values.set(y, reference.record(twin, arrays, attrs));
    }
    return new ReferenceRun(this.tape, reference, values);
  }
}

/** The values of one forward pass. */
export class ReferenceRun {
  constructor(
    private readonly tape: Tape,
    private readonly reference: ReferenceTape,
    private readonly values: ReadonlyMap<Tensor, NdArray>,
  ) {}

  of(t: Tensor): NdArray {
    const found = this.values.get(t);
    if (!found) throw new Error(`${t.name} has no value`);
    return found;
  }

  /** dJ/dt of the scalar `loss` for each t of `wrt`. */
  gradients(loss: Tensor, wrt: readonly Tensor[]): NdArray[] {
    return this.reference.backward(
      this.of(loss),
      wrt.map((t) => this.of(t)),
    );
  }

  /** Running averages of batch norms after this batch, by the names of their tensors. */
  running(): Map<string, NdArray> {
    const found = new Map<string, NdArray>();
    for (const { kernel, buffers, params } of this.tape.dispatches) {
      if (kernel.name !== 'batch_norm_running') continue;
      const [running, statistics] = [this.of(buffers.running!), this.of(buffers.statistics!)];
      // The kernel is given M / (M - 1) of M pixels.
      const pixels = params.unbias! / (params.unbias! - 1);
      const data = runningStatistics(running.data, statistics.data, { momentum: params.momentum!, pixels });
      found.set(buffers.running!.name, { shape: running.shape, data });
    }
    return found;
  }
}
