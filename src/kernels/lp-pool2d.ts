// Pooling by the Euclidean norm of square windows.
import { type LpBackwardVariant, lpPool2dBackward } from '../../shaders/lp_pool2d_backward.wgsl.js';
import { lpPool2dForward } from '../../shaders/lp_pool2d_forward.wgsl.js';
import type { PoolVariant } from '../../shaders/max_pool2d_forward.wgsl.js';
import { sizeOf } from '../base/shape.js';
import { dispatch, type KernelSpec } from '../gpu/kernel.js';
import type { OpSpec } from './op.js';
import { isInside, type PoolAttrs, pooledShape, poolGrid, poolParams } from './pool2d.js';

const LP_PARAMS = { H: 'u32', W: 'u32', P: 'u32', Q: 'u32', pad: 'u32' } as const;

/** Norm of each window. */
export const lpPool2dForwardKernel: KernelSpec<PoolVariant> = {
  name: 'lp_pool2d_forward',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: LP_PARAMS,
  shader: lpPool2dForward,
  variants: [
    { window: 3, stride: 3, inside: true },
    { window: 3, stride: 2, inside: false },
  ],
};

/** Gradient of the norms, for windows that may overlap. */
export const lpPool2dBackwardKernel: KernelSpec<LpBackwardVariant> = {
  name: 'lp_pool2d_backward',
  bindings: () => ({ x: 'read', y: 'read', dy: 'read', dx: 'read_write' }),
  params: LP_PARAMS,
  shader: lpPool2dBackward,
  variants: [
    { window: 3, stride: 3 },
    { window: 3, stride: 2 },
  ],
};

/**
 * y = sqrt(sum of squares) of each window, p = 2: x [N,C,H,W] -> [N,C,P,Q] as max_pool2d (Torch's SpatialLPPooling,
 * PyTorch's LPPool2d; a sum, not a mean). A window that is all zero hands on the gradient 0.
 */
export const lpPool2d: OpSpec<PoolAttrs> = {
  name: 'lp_pool2d',
  inputs: ['x'],
  saves: ['x', 'y'],
  output: (shapes, attrs, where) => ({
    shape: pooledShape(shapes.x!, attrs, `lp_pool2d at ${where}`),
    layout: 'image',
  }),
  forward(t, attrs, ctx) {
    const label = `lp_pool2d:forward at ${ctx.where}`;
    const { window, stride } = attrs;
    const [x, y] = [t.x!, t.y!];
    const variant = { window, stride, inside: isInside(x.shape, y.shape, attrs) };
    const grid = poolGrid(label, ctx, y);
    return [dispatch(lpPool2dForwardKernel, variant, label, { x, y }, poolParams(x, y, attrs), grid)];
  },
  backward: {
    x(t, attrs, ctx) {
      const label = `lp_pool2d:backward:x at ${ctx.where}`;
      const { window, stride } = attrs;
      const buffers = { x: t.x!, y: t.y!, dy: t.dy!, dx: t.dx! };
      const params = poolParams(t.x!, t.y!, attrs);
      const grid = poolGrid(label, ctx, t.dx!);
      return [dispatch(lpPool2dBackwardKernel, { window, stride }, label, buffers, params, grid)];
    },
  },
  cost(shapes, attrs) {
    const y = pooledShape(shapes.x!, attrs, 'lp_pool2d');
    return {
      flops: sizeOf(y) * (2 * attrs.window ** 2 + 1),
      bytes: 4 * (sizeOf(shapes.x!) + sizeOf(y)),
    };
  },
};
