// One op in one direction by itself: what checks and measurements run.
import type { Shape } from '../base/shape.js';
import { type Layout, type Tensor, tensor } from '../base/tensor.js';
import type { Dispatch, Target } from '../gpu/kernel.js';
import type { OpContext, OpSpec, Shapes, Tensors } from '../kernels/op.js';
import { ruleTensors } from './rule.js';
import { Tape } from './tape.js';

/** Pinned tensors for an op's inputs in the layouts that it wants; those that `isConstant` names are constants. */
export function inputTensors(
  op: OpSpec<unknown>,
  shapes: Readonly<Record<string, Shape | undefined>>,
  isConstant: (name: string, layout: Layout | undefined) => boolean = () => false,
): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    if (!shape) continue;
    const layout = op.layouts?.[name];
    const constant = isConstant(name, layout);
    tensors[name] = tensor(name, shape, { lifetime: 'pinned', constant, ...(layout ? { layout } : {}) });
  }
  return tensors;
}

/** The op's forward pass on `inputs`; ShapeError as the op throws it. */
export function recordForward(
  op: OpSpec<unknown>,
  attrs: unknown,
  inputs: Tensors,
  target: Target,
): { y: Tensor; dispatches: readonly Dispatch<Tensor>[] } {
  const tape = new Tape(target);
  const y = tape.record(op, 'case', inputs, attrs);
  return { y, dispatches: tape.dispatches };
}

/** Pinned `y` and `dy` for `recordBackward`. */
export function outputTensors(
  op: OpSpec<unknown>,
  attrs: unknown,
  inputs: Tensors,
): { y: Tensor; dy: Tensor } {
  const shapes: Shapes = Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, t.shape]));
  const { shape, layout } = op.output(shapes, attrs, 'case');
  return {
    y: tensor('y', shape, { layout, lifetime: 'pinned' }),
    dy: tensor('dy', shape, { layout, lifetime: 'pinned' }),
  };
}

/** The dispatches that overwrite `dx` with the gradient of sum(dy * y) with respect to the input `name`. */
export function recordBackward(
  op: OpSpec<unknown>,
  attrs: unknown,
  inputs: Tensors,
  { y, dy }: { y: Tensor; dy: Tensor },
  name: string,
  target: Target,
): { dx: Tensor; dispatches: readonly Dispatch<Tensor>[] } {
  const context: OpContext = {
    target,
    where: 'case',
    scratch: (label: string, shape: Shape, as?: Layout) => tensor(label, shape, as ? { layout: as } : {}),
  };
  const input = inputs[name]!;
  const dx = tensor(`d(${name})`, input.shape, { layout: input.layout });
  const { tensors, dispatches } = ruleTensors({ op, inputs, attrs, y }, dy, context);
  return { dx, dispatches: [...dispatches, ...op.backward[name]!({ ...tensors, dx }, attrs, context)] };
}
