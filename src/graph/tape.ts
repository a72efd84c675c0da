// Records ops in order, then writes their gradients behind them: one straight list of dispatches.
import { KernelError, ShapeError } from '../base/errors.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../base/shape.js';
import { type Layout, type Tensor, tensor } from '../base/tensor.js';
import type { Dispatch, Target } from '../gpu/kernel.js';
import { fillDispatch, weightedAddDispatch } from '../kernels/arithmetic.js';
import type { OpContext, OpSpec, Shapes, Tensors } from '../kernels/op.js';
import { Readers } from './readers.js';
import { attachedInputs, type OpUse, ruleTensors } from './rule.js';

/** An op as it was recorded. */
export interface RecordedOp extends OpUse {
  readonly where: string;
  /** Inputs whose gradients were recorded too. */
  readonly differentiated: ReadonlySet<string>;
}

interface Node extends RecordedOp {
  readonly differentiated: Set<string>;
}

/** A walk back through the ops. */
interface Pass {
  /** What leads on to the tensors whose gradients were asked for. */
  readonly needed: ReadonlySet<Tensor>;
  /** So far, by tensor. */
  readonly gradients: Map<Tensor, Tensor>;
  readonly readers: Readers;
  /** Tensors whose gradients are masked already for the rectifiers that made them. */
  readonly masked: Set<Tensor>;
}

/** Records ops, and from them their gradients, as a list of dispatches that a `Program` runs. */
export class Tape {
  private readonly nodes: Node[] = [];
  private readonly list: Dispatch<Tensor>[] = [];

  constructor(readonly target: Target) {}

  /** Everything recorded so far, in the order in which it will run. */
  get dispatches(): readonly Dispatch<Tensor>[] {
    return this.list;
  }

  /** The ops recorded so far, in order. */
  get ops(): readonly RecordedOp[] {
    return this.nodes;
  }

  /** Arithmetic of the forward ops recorded so far. */
  get flops(): number {
    return this.nodes.reduce((sum, node) => sum + node.op.cost(shapesOf(node.inputs), node.attrs).flops, 0);
  }

  /** Runs `op` on `inputs`; `where` (`conv3_2`) names the result and stands in every message. */
  record<A>(
    op: OpSpec<A>,
    where: string,
    inputs: Readonly<Record<string, Tensor | undefined>>,
    attrs: A,
  ): Tensor {
    const given: Record<string, Tensor> = {};
    for (const name of op.inputs) {
      const value = inputs[name];
      if (value) given[name] = this.checked(op.layouts?.[name], value, `${op.name} at ${where}: ${name}`);
      else if (!op.optional?.includes(name))
        throw new ShapeError(`${op.name} at ${where}: input ${name} is missing`);
    }
    const { shape, layout } = op.output(shapesOf(given), attrs, where);
    const y = tensor(where, shape, { layout });
    this.nodes.push({
      op: op as OpSpec<unknown>,
      where,
      inputs: given,
      attrs,
      y,
      differentiated: new Set(),
    });
    this.list.push(...op.forward({ ...given, y }, attrs, this.context(where)));
    return y;
  }

  /** Adds dispatches that are not ops: an optimiser's step, a copy. */
  emit(...dispatches: Dispatch<Tensor>[]): void {
    this.list.push(...dispatches);
  }

  /**
   * Writes the gradient of the scalar `loss` [1] behind the list; returns dJ/d(t) for each t of `wrt`.
   * Only what leads from `wrt` to `loss` is differentiated.
   */
  backward(loss: Tensor, wrt: readonly Tensor[]): Map<Tensor, Tensor> {
    if (sizeOf(loss.shape) !== 1 || loss.layout !== 'flat') {
      throw new ShapeError(
        `backward: the loss must be flat with one value, ${loss.name} is ${loss.layout} ${formatShape(loss.shape)}`,
      );
    }
    const seed = tensor(`d(${loss.name})`, loss.shape, { layout: loss.layout });
    const fill = fillDispatch(`seed:${loss.name}`, seed, 1);
    return this.pullBack(new Map([[loss, seed]]), wrt, [fill]);
  }

  /**
   * Writes the vector-Jacobian product behind the list: from gradients that are given for some tensors (`seeds`,
   * dJ/d(y) by y, of y's shape and layout) to dJ/d(t) for each t of `wrt`. KernelError where a t leads to none of
   * them; `before` is put in front, where a seed has yet to be written.
   */
  pullBack(
    seeds: ReadonlyMap<Tensor, Tensor>,
    wrt: readonly Tensor[],
    before: readonly Dispatch<Tensor>[] = [],
  ): Map<Tensor, Tensor> {
    for (const [y, seed] of seeds) {
      if (!sameShape(seed.shape, y.shape) || seed.layout !== y.layout) {
        throw new ShapeError(
          `backward: the seed of ${y.name} must be ${y.layout} ${formatShape(y.shape)}, it is ${seed.layout} ${formatShape(seed.shape)}`,
        );
      }
    }
    const needed = this.reachedFrom(wrt);
    for (const t of wrt) {
      const reached = this.reachedFrom([t]);
      if (![...seeds.keys()].some((y) => reached.has(y))) {
        const names = [...seeds.keys()].map(({ name }) => name).join(', ');
        throw new KernelError(`backward: ${names} does not depend on ${t.name}`);
      }
    }
    this.list.push(...before);
    const gradients = new Map(seeds);
    const readers = new Readers(this.nodes, seeds.keys(), needed, wrt);
    const pass: Pass = { needed, gradients, readers, masked: new Set() };
    for (const node of [...this.nodes].reverse()) {
      const dy = gradients.get(node.y);
      if (dy) this.differentiate(node, dy, pass);
    }
    return new Map(wrt.map((t) => [t, gradients.get(t)!]));
  }

  private differentiate(node: Node, dy: Tensor, { needed, gradients, readers, masked }: Pass): void {
    const wanted = attachedInputs(node).filter(([, input]) => needed.has(input));
    if (wanted.length === 0) return;
    const context = this.context(node.where);
    const { tensors, dispatches } = ruleTensors(node, dy, context, masked.has(node.y));
    this.list.push(...dispatches);
    for (const [name, input] of wanted) {
      const rule = node.op.backward[name];
      if (!rule) throw new KernelError(`${node.op.name} at ${node.where} has no gradient for ${name}`);
      const dx = tensor(`d(${input.name})`, input.shape, { layout: input.layout });
      const earlier = gradients.get(input);
      const can = node.op.finishes?.[name] ?? [];
      const adds = earlier !== undefined && can.includes('add');
      const isWhole = earlier === undefined || adds;
      const masks = readers.completesRectified(input) && isWhole && can.includes('mask');
      const finish = { ...(adds ? { earlier } : {}), ...(masks ? { mask: input } : {}) };
      this.list.push(...rule({ ...tensors, ...finish, dx }, node.attrs, context));
      node.differentiated.add(name);
      if (masks) masked.add(input);
      gradients.set(input, isWhole ? dx : this.sum(input, earlier, dx));
    }
  }

  /** The sum of two gradients of `t`. */
  private sum(t: Tensor, a: Tensor, b: Tensor): Tensor {
    const sum = tensor(a.name, t.shape, { layout: t.layout });
    this.list.push(weightedAddDispatch(`gradient:add at ${t.name}`, this.target, sum, a, 1, b, 1));
    return sum;
  }

  private checked(layout: Layout | undefined, value: Tensor, place: string): Tensor {
    const expected = layout ?? (value.shape.length === 4 ? 'image' : 'flat');
    if (value.layout !== expected)
      throw new ShapeError(`${place} must have layout ${expected}, ${value.name} has ${value.layout}`);
    return value;
  }

  /** All tensors that depend on one of `sources` by a way that gradients take, those included. */
  private reachedFrom(sources: readonly Tensor[]): Set<Tensor> {
    const reached = new Set(sources);
    for (const node of this.nodes) {
      if (attachedInputs(node).some(([, input]) => reached.has(input))) reached.add(node.y);
    }
    return reached;
  }

  private context(where: string): OpContext {
    return {
      target: this.target,
      where,
      scratch: (name: string, shape: Shape, layout?: Layout) =>
        tensor(`${where}.${name}`, shape, layout ? { layout } : {}),
    };
  }
}

/** Logical shapes by input name. */
export function shapesOf(inputs: Tensors): Shapes {
  return Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, t.shape]));
}
