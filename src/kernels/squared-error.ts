import { squaredErrorBackward } from '../../shaders/squared_error_backward.wgsl.js';
import { type SquaredErrorVariant, squaredErrorForward } from '../../shaders/squared_error_forward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { geometryOf } from '../base/layout.js';
import { formatShape, sameShape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import {
  type Bindings,
  type Dispatch,
  dispatch,
  type KernelSpec,
  LINEAR_WORKGROUP,
  linearGrid,
} from '../gpu/kernel.js';
import type { OpContext, OpSpec } from './op.js';
import { reduceSumDispatch, reduceThreads } from './reduce.js';

/** First stage of sum (x - goal)^2. */
export const squaredErrorForwardKernel: KernelSpec<SquaredErrorVariant> = {
  name: 'squared_error_forward',
  bindings: (v): Bindings =>
    v.goal ? { x: 'read', goal: 'read', partials: 'read_write' } : { x: 'read', partials: 'read_write' },
  params: { count: 'u32', threads: 'u32' },
  shader: squaredErrorForward,
  variants: [{ goal: true }, { goal: false }],
};

/** dx = 2*scale*dy[0] * (x - goal). */
export const squaredErrorBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'squared_error_backward',
  bindings: () => ({ x: 'read', goal: 'read', dy: 'read', dx: 'read_write' }),
  params: { count: 'u32', stride: 'u32', scale: 'f32' },
  shader: squaredErrorBackward,
  variants: [{}],
};

/** y [1] = scale * sum((x - target)^2) for two tensors of one shape. The target has no gradient. */
export const squaredError: OpSpec<{ scale: number }> = {
  name: 'squared_error',
  inputs: ['x', 'target'],
  saves: ['x', 'target'],
  output(shapes, _attrs, where) {
    const { x, target } = shapes;
    if (!sameShape(x!, target!)) {
      throw new ShapeError(
        `squared_error at ${where}: x ${formatShape(x!)} and target ${formatShape(target!)} must have one shape`,
      );
    }
    return { shape: [1], layout: 'flat' };
  },
  forward: (t, { scale }, ctx) =>
    sumSquaresDispatch(`squared_error:forward at ${ctx.where}`, ctx, t.x!, t.y!, scale, t.target),
  backward: {
    x(t, { scale }, ctx) {
      const { vec4s: count } = geometryOf(t.x!.shape, t.x!.layout);
      const grid = linearGrid(count, ctx.target);
      return [
        dispatch(
          squaredErrorBackwardKernel,
          {},
          `squared_error:backward:x at ${ctx.where}`,
          { x: t.x!, goal: t.target!, dy: t.dy!, dx: t.dx! },
          { count, stride: grid.stride, scale },
          grid.workgroups,
        ),
      ];
    },
  },
  cost: (shapes) => ({ flops: 3 * sizeOf(shapes.x!), bytes: 8 * sizeOf(shapes.x!) }),
};

/** y [1] = scale * sum((x - goal)^2), without a goal scale * sum(x^2). */
export function sumSquaresDispatch(
  label: string,
  ctx: OpContext,
  x: Tensor,
  y: Tensor,
  scale: number,
  goal?: Tensor,
): Dispatch<Tensor>[] {
  const { vec4s: count } = geometryOf(x.shape, x.layout);
  const threads = reduceThreads(count);
  const partials = ctx.scratch('partials', [4 * threads]);
  const squares = dispatch(
    squaredErrorForwardKernel,
    { goal: goal !== undefined },
    label,
    goal ? { x, goal, partials } : { x, partials },
    { count, threads },
    [threads / LINEAR_WORKGROUP, 1, 1],
  );
  return [squares, ...reduceSumDispatch(label, ctx, partials, y, scale)];
}
