// What an op is: shapes checked in one place, forward and backward as lists of dispatches.
import type { Shape } from '../base/shape.js';
import type { Layout, Tensor } from '../base/tensor.js';
import type { Tunable } from '../gpu/choices.js';
import type { Dispatch, Target } from '../gpu/kernel.js';

/** Given to forward and backward: the adapter's facts, the layer's name, and scratch tensors. */
export interface OpContext {
  readonly target: Target;
  /** Where this op stands (`conv3_2`), for labels and messages. */
  readonly where: string;
  /** A transient tensor that lives inside this op's dispatches. */
  scratch(name: string, shape: Shape, layout?: Layout): Tensor;
}

/** Tensors by their names in an op (`x`, `weight`, `dy`). */
export type Tensors = Readonly<Record<string, Tensor>>;
/** Logical shapes by input name. */
export type Shapes = Readonly<Record<string, Shape>>;

/**
 * An op of the tape. `forward` gets its inputs and `y`; `backward[name]` gets the saved tensors, `dy`, and
 * the tensor `dx` to overwrite with dJ/d(name). Where a tensor has several readers, the tape adds.
 */
export interface OpSpec<A = Record<string, unknown>> {
  readonly name: string;
  readonly inputs: readonly string[];
  /** Inputs that may be left out (`bias`). */
  readonly optional?: readonly string[];
  /** Inputs that gradients are not handed on to, as if they were constants: what a miner chose, what a mean is divided by. */
  readonly detached?: readonly string[];
  /** Layouts other than the usual one (image for rank 4, flat else), by input name. */
  readonly layouts?: Readonly<Record<string, Layout>>;
  /** What backward needs to have been kept: input names and/or 'y'. Nothing else is handed to it. */
  readonly saves: readonly string[];
  /** The only shape check; throws ShapeError naming `where`. */
  output(shapes: Shapes, attrs: A, where: string): { shape: Shape; layout: Layout };
  /** The dispatches that compute `y` from the inputs. */
  forward(t: Tensors, attrs: A, ctx: OpContext): Dispatch<Tensor>[];
  /** Whether y = max(0, .): then the `dy` of the rules of `backward` is zero wherever y is. */
  rectifies?(attrs: A): boolean;
  /**
   * What the rule for an input can do in passing, when handed a tensor of its gradient's shape and layout: `add` the
   * gradients of other readers (`earlier`), and let through only where the input, if a rectifier made it, is above 0
   * (`mask`, the input itself). The same bits as separate dispatches would give.
   */
  readonly finishes?: Readonly<Record<string, readonly ('add' | 'mask')[]>>;
  /**
   * What several rules of `backward` need, computed once in front of them and handed to all of them beside the saved
   * tensors (of which, and of `dy`, it is made).
   */
  prepares?(t: Tensors, attrs: A, ctx: OpContext): { tensors: Tensors; dispatches: Dispatch<Tensor>[] };
  /** One entry for each input that has a gradient. */
  readonly backward: Readonly<Record<string, (t: Tensors, attrs: A, ctx: OpContext) => Dispatch<Tensor>[]>>;
  /** What can be computed in several ways on `target`, by direction: `forward`, `backward:x`. Shapes include y's. */
  tunables?(shapes: Shapes, attrs: A, target: Target): Readonly<Record<string, Tunable>>;
  /**
   * The op that makes sums of |a_i b_i| of the absolutes of the inputs, as large as this one's, where this op itself
   * does not. By its tunables it is the same one.
   */
  magnitude?(shapes: Shapes, attrs: A): { op: OpSpec<unknown>; attrs: unknown };
  /** Arithmetic and least memory traffic of the forward pass. */
  cost(shapes: Shapes, attrs: A): { flops: number; bytes: number };
}
