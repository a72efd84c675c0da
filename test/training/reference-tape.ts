// A tape of float64 references: what a training net computes and its gradients, with roundings put in where asked.
import { UNIT_ROUNDOFF } from '../../src/base/tolerance.js';
import {
  type Arrays,
  type Bound,
  map,
  type NdArray,
  ndarray,
  type ReferenceOp,
} from '../../src/reference/array.js';

interface Node {
  readonly op: ReferenceOp<unknown>;
  readonly inputs: Arrays;
  readonly attrs: unknown;
  readonly y: NdArray;
}

/** With `noise` (a number in -1..1 a call), every result errs by that share of a quarter of its bound. */
export class ReferenceTape {
  private readonly nodes: Node[] = [];

  constructor(
    private readonly noise?: () => number,
    private readonly roundoff = UNIT_ROUNDOFF,
  ) {}

  record<A>(op: ReferenceOp<A>, inputs: Arrays, attrs: A): NdArray {
    const y = this.rough(op.forward(inputs, attrs), () => op.forwardBound(inputs, attrs));
    this.nodes.push({ op: op as ReferenceOp<unknown>, inputs, attrs, y });
    return y;
  }

  /** Gradients of the scalar `loss` to each of `wrt`, through every input that its reference has a gradient for. */
  backward(loss: NdArray, wrt: readonly NdArray[]): NdArray[] {
    const gradients = new Map<NdArray, NdArray>([[loss, ndarray([1], [1])]]);
    for (const { op, inputs, attrs, y } of [...this.nodes].reverse()) {
      const dy = gradients.get(y);
      if (!dy) continue;
      for (const [name, rule] of Object.entries(op.backward)) {
        const input = inputs[name];
        if (!input) continue;
        const bound = () => op.backwardBound[name]!(inputs, y, dy, attrs);
        const dx = this.rough(rule(inputs, y, dy, attrs), bound);
        const earlier = gradients.get(input);
        gradients.set(input, earlier ? map(dx, (value, i) => value + earlier.data[i]!) : dx);
      }
    }
    return wrt.map((t) => gradients.get(t)!);
  }

  rough(a: NdArray, bound: () => Bound): NdArray {
    const { noise, roundoff } = this;
    if (!noise) return a;
    const { magnitude, terms } = bound();
    // What a rectifier closed stays closed.
    return map(a, (value, i) =>
      value === 0 ? 0 : value + noise() * Math.sqrt(terms) * roundoff * magnitude.data[i]!,
    );
  }
}
