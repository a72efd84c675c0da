// Elementwise sums: the tape adds gradients with them, the losses are weighted with them.
import { fill } from '../../shaders/fill.wgsl.js';
import { type WeightedAddVariant, weightedAdd } from '../../shaders/weighted_add.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { geometryOf } from '../base/layout.js';
import { formatShape, sameShape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import {
  type Bindings,
  type Dispatch,
  dispatch,
  type KernelSpec,
  linearGrid,
  type Target,
} from '../gpu/kernel.js';
import type { OpSpec } from './op.js';

/** y = alpha*a (+ beta*b), over whole buffers. */
export const weightedAddKernel: KernelSpec<WeightedAddVariant> = {
  name: 'weighted_add',
  bindings: (v): Bindings =>
    v.terms === 2 ? { a: 'read', b: 'read', y: 'read_write' } : { a: 'read', y: 'read_write' },
  params: { count: 'u32', stride: 'u32', alpha: 'f32', beta: 'f32' },
  shader: weightedAdd,
  variants: [{ terms: 1 }, { terms: 2 }],
};

/** y = value, for a scalar [1]. */
export const fillKernel: KernelSpec<Record<string, never>> = {
  name: 'fill',
  bindings: () => ({ y: 'read_write' }),
  params: { value: 'f32' },
  shader: fill,
  variants: [{}],
};

/** y = alpha*a + beta*b for tensors of one shape (`b` may be left out: y = alpha*a). */
export const weightedAddOp: OpSpec<{ alpha: number; beta?: number }> = {
  name: 'weighted_add',
  inputs: ['a', 'b'],
  optional: ['b'],
  saves: [],
  output(shapes, _attrs, where) {
    const { a, b } = shapes;
    if (b && !sameShape(a!, b)) {
      throw new ShapeError(
        `weighted_add at ${where}: a ${formatShape(a!)} and b ${formatShape(b)} must have one shape`,
      );
    }
    return { shape: a!, layout: a!.length === 4 ? 'image' : 'flat' };
  },
  forward: (t, attrs, ctx) => [
    weightedAddDispatch(
      `weighted_add:forward at ${ctx.where}`,
      ctx.target,
      t.y!,
      t.a!,
      attrs.alpha,
      t.b,
      attrs.beta ?? 1,
    ),
  ],
  backward: {
    a: (t, attrs, ctx) => [
      weightedAddDispatch(`weighted_add:backward:a at ${ctx.where}`, ctx.target, t.dx!, t.dy!, attrs.alpha),
    ],
    b: (t, attrs, ctx) => [
      weightedAddDispatch(
        `weighted_add:backward:b at ${ctx.where}`,
        ctx.target,
        t.dx!,
        t.dy!,
        attrs.beta ?? 1,
      ),
    ],
  },
  cost: (shapes) => ({ flops: 3 * sizeOf(shapes.a!), bytes: 12 * sizeOf(shapes.a!) }),
};

/** y = alpha*a (+ beta*b) as one dispatch; all tensors have the shape and layout of y. */
export function weightedAddDispatch(
  label: string,
  target: Target,
  y: Tensor,
  a: Tensor,
  alpha: number,
  b?: Tensor,
  beta = 1,
): Dispatch<Tensor> {
  const { vec4s } = geometryOf(y.shape, y.layout);
  const grid = linearGrid(vec4s, target);
  return dispatch(
    weightedAddKernel,
    { terms: b ? 2 : 1 },
    label,
    b ? { a, b, y } : { a, y },
    { count: vec4s, stride: grid.stride, alpha, beta },
    grid.workgroups,
  );
}

/** y[0] = value for a flat tensor of shape [1]: the gradient of the loss with respect to itself. */
export function fillDispatch(label: string, y: Tensor, value: number): Dispatch<Tensor> {
  return dispatch(fillKernel, {}, label, { y }, { value }, [1, 1, 1]);
}
