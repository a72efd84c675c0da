import { reluBackward } from '../../shaders/relu_backward.wgsl.js';
import { reluForward } from '../../shaders/relu_forward.wgsl.js';
import { geometryOf } from '../base/layout.js';
import { sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid, type Target } from '../gpu/kernel.js';
import type { OpSpec } from './op.js';

/** y = max(x, 0). */
export const reluForwardKernel: KernelSpec<Record<string, never>> = {
  name: 'relu_forward',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { count: 'u32', stride: 'u32' },
  shader: reluForward,
  variants: [{}],
};

/** dx = dy where y > 0, else 0. */
export const reluBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'relu_backward',
  bindings: () => ({ y: 'read', dy: 'read', dx: 'read_write' }),
  params: { count: 'u32', stride: 'u32' },
  shader: reluBackward,
  variants: [{}],
};

/** y = max(x, 0), any shape. The gradient at exactly 0 is 0. */
export const relu: OpSpec<Record<string, never>> = {
  name: 'relu',
  inputs: ['x'],
  saves: ['y'],
  output: (shapes) => ({ shape: shapes.x!, layout: shapes.x!.length === 4 ? 'image' : 'flat' }),
  forward(t, _attrs, ctx) {
    const { vec4s } = geometryOf(t.x!.shape, t.x!.layout);
    const grid = linearGrid(vec4s, ctx.target);
    return [
      dispatch(
        reluForwardKernel,
        {},
        `relu:forward at ${ctx.where}`,
        { x: t.x!, y: t.y! },
        { count: vec4s, stride: grid.stride },
        grid.workgroups,
      ),
    ];
  },
  backward: {
    x: (t, _attrs, ctx) => [
      reluBackwardDispatch(`relu:backward:x at ${ctx.where}`, ctx.target, t.y!, t.dy!, t.dx!),
    ],
  },
  cost: (shapes) => ({ flops: sizeOf(shapes.x!), bytes: 8 * sizeOf(shapes.x!) }),
};

/** dx = dy where y > 0, else 0. */
export function reluBackwardDispatch(
  label: string,
  target: Target,
  y: Tensor,
  dy: Tensor,
  dx: Tensor,
): Dispatch<Tensor> {
  const { vec4s } = geometryOf(y.shape, y.layout);
  const grid = linearGrid(vec4s, target);
  return dispatch(
    reluBackwardKernel,
    {},
    label,
    { y, dy, dx },
    { count: vec4s, stride: grid.stride },
    grid.workgroups,
  );
}
