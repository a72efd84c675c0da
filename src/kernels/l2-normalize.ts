// Embeddings on the unit sphere.
import { l2NormalizeBackward } from '../../shaders/l2_normalize_backward.wgsl.js';
import { l2NormalizeForward, type RowVariant } from '../../shaders/l2_normalize_forward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, LINEAR_WORKGROUP } from '../gpu/kernel.js';
import type { OpContext, OpSpec } from './op.js';

const CPU_ROWS: RowVariant = { share: 1, workgroup: 8 };
const GPU_ROWS: RowVariant = { share: LINEAR_WORKGROUP, workgroup: LINEAR_WORKGROUP };

const ROW_PARAMS = { N: 'u32', D4: 'u32', stride: 'u32', epsilon: 'f32' } as const;

/** y = x / sqrt(epsilon + |x|^2), row by row. */
export const l2NormalizeForwardKernel: KernelSpec<RowVariant> = {
  name: 'l2_normalize_forward',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: ROW_PARAMS,
  shader: l2NormalizeForward,
  variants: [CPU_ROWS, GPU_ROWS],
};

/** dx = r * (dy - x * r^2 * <x, dy>), r = 1 / sqrt(epsilon + |x|^2), row by row. */
export const l2NormalizeBackwardKernel: KernelSpec<RowVariant> = {
  name: 'l2_normalize_backward',
  bindings: () => ({ x: 'read', dy: 'read', dx: 'read_write' }),
  params: ROW_PARAMS,
  shader: l2NormalizeBackward,
  variants: [CPU_ROWS, GPU_ROWS],
};

/** What is added to the square of a row's length, unless said: 1e-10, as in Torch's nn.Normalize. */
export interface L2NormalizeAttrs {
  readonly epsilon?: number;
}

const EPSILON = 1e-10;

/**
 * y [N,D] = x / sqrt(epsilon + |x|^2) for each row of x [N,D]: length 1 but for rows that are as small as
 * sqrt(epsilon); a row of zeros stays zero, with the gradient dy / sqrt(epsilon). Squares overflow f32 where a row's
 * length passes 1e19.
 */
export const l2Normalize: OpSpec<L2NormalizeAttrs> = {
  name: 'l2_normalize',
  inputs: ['x'],
  saves: ['x'],
  output(shapes, { epsilon = EPSILON }, where) {
    const place = `l2_normalize at ${where}`;
    const x = shapes.x!;
    if (x.length !== 2) throw new ShapeError(`${place}: expected [N,D], got ${formatShape(x)}`);
    // A subnormal number may count as zero, and a row of zeros would be divided by it.
    if (!(epsilon >= 2 ** -126 && epsilon <= 1))
      throw new ShapeError(`${place}: epsilon must lie in 2^-126..1, got ${epsilon}`);
    return { shape: x, layout: 'flat' };
  },
  forward: (t, attrs, ctx) => [
    rowDispatch(l2NormalizeForwardKernel, 'forward', ctx, { x: t.x!, y: t.y! }, attrs),
  ],
  backward: {
    x: (t, attrs, ctx) => [
      rowDispatch(l2NormalizeBackwardKernel, 'backward:x', ctx, { x: t.x!, dy: t.dy!, dx: t.dx! }, attrs),
    ],
  },
  cost: (shapes) => ({ flops: 3 * sizeOf(shapes.x!), bytes: 8 * sizeOf(shapes.x!) }),
};

function rowDispatch(
  kernel: KernelSpec<RowVariant>,
  direction: string,
  ctx: OpContext,
  buffers: Record<string, Tensor>,
  { epsilon = EPSILON }: L2NormalizeAttrs,
): Dispatch<Tensor> {
  const [N, D] = buffers.x!.shape as unknown as [number, number];
  const variant = ctx.target.cpu ? CPU_ROWS : GPU_ROWS;
  const groups = ceilDiv(N * variant.share, variant.workgroup);
  const stride = Math.min(groups, ctx.target.maxWorkgroups);
  return dispatch(
    kernel,
    variant,
    `l2_normalize:${direction} at ${ctx.where}`,
    buffers,
    { N, D4: ceilDiv(D, 4), stride, epsilon },
    [stride, ceilDiv(groups, stride), 1],
  );
}
