// Columns of a matrix brought to a common size, so that products of its rows do not depend on the channels' scales.
import { columnNormalizeBackward } from '../../shaders/column_normalize_backward.wgsl.js';
import { columnNormalizeForward } from '../../shaders/column_normalize_forward.wgsl.js';
import { columnNormalizeWeigh } from '../../shaders/column_normalize_weigh.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid } from '../gpu/kernel.js';
import type { OpContext, OpSpec } from './op.js';
import { partialSumDispatch } from './reduce.js';

/** What is done to columns. */
export interface ColumnNormalizeAttrs {
  /** Their means are taken away. */
  readonly centre: boolean;
  /** They are divided by their means plus `epsilon`: for columns that a rectifier made. */
  readonly divide: boolean;
  readonly epsilon: number;
}

/** y = (x - centre*mean) / (mean + epsilon). */
export const columnNormalizeForwardKernel: KernelSpec<Record<string, never>> = {
  name: 'column_normalize_forward',
  bindings: () => ({ x: 'read', mean: 'read', y: 'read_write' }),
  params: { count: 'u32', stride: 'u32', C4: 'u32', centre: 'f32', divide: 'f32', epsilon: 'f32' },
  shader: columnNormalizeForward,
  variants: [{}],
};

/** dy * (centre + divide*y), whose mean the gradient needs. */
export const columnNormalizeWeighKernel: KernelSpec<Record<string, never>> = {
  name: 'column_normalize_weigh',
  bindings: () => ({ y: 'read', dy: 'read', weighed: 'read_write' }),
  params: { count: 'u32', stride: 'u32', centre: 'f32', divide: 'f32' },
  shader: columnNormalizeWeigh,
  variants: [{}],
};

/** dx = (dy - sum) / (mean + epsilon). */
export const columnNormalizeBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'column_normalize_backward',
  bindings: () => ({ mean: 'read', sum: 'read', dy: 'read', dx: 'read_write' }),
  params: { count: 'u32', stride: 'u32', C4: 'u32', divide: 'f32', epsilon: 'f32' },
  shader: columnNormalizeBackward,
  variants: [{}],
};

/**
 * y [M,C] = (x - centre*mean) / (mean + epsilon), mean [C] that of each column of x [M,C] over its M rows; without `divide`
 * the denominator is 1. The means are differentiated. `divide` is for x >= 0: a mean near -epsilon would divide by zero.
 */
export const columnNormalize: OpSpec<ColumnNormalizeAttrs> = {
  name: 'column_normalize',
  inputs: ['x'],
  saves: ['x', 'y'],
  output(shapes, { epsilon }, where) {
    const place = `column_normalize at ${where}`;
    const x = shapes.x!;
    if (x.length !== 2) throw new ShapeError(`${place}: expected [M,C], got ${formatShape(x)}`);
    if (!(epsilon >= 1e-20 && epsilon <= 1))
      throw new ShapeError(`${place}: epsilon must lie in 1e-20..1, got ${epsilon}`);
    return { shape: x, layout: 'flat' };
  },
  forward(t, attrs, ctx) {
    const label = `column_normalize:forward at ${ctx.where}`;
    const { mean, summed } = meanOf(label, ctx, t.x!);
    return [summed, run(label, ctx, columnNormalizeForwardKernel, { x: t.x!, mean, y: t.y! }, t.y!, attrs)];
  },
  backward: {
    x(t, attrs, ctx) {
      const label = `column_normalize:backward:x at ${ctx.where}`;
      const [M, C] = t.x!.shape as unknown as [number, number];
      const { mean, summed } = meanOf(label, ctx, t.x!);
      const weighed = ctx.scratch('weighed', [M, C]);
      const sum = ctx.scratch('sum', [C]);
      const dy = t.dy!;
      return [
        summed,
        run(label, ctx, columnNormalizeWeighKernel, { y: t.y!, dy, weighed }, weighed, attrs),
        partialSumDispatch(label, ctx.target, weighed, sum, 1 / M),
        run(label, ctx, columnNormalizeBackwardKernel, { mean, sum, dy, dx: t.dx! }, t.dx!, attrs),
      ];
    },
  },
  cost: (shapes) => ({ flops: 3 * sizeOf(shapes.x!), bytes: 12 * sizeOf(shapes.x!) }),
};

function meanOf(label: string, ctx: OpContext, x: Tensor): { mean: Tensor; summed: Dispatch<Tensor> } {
  const [M, C] = x.shape as unknown as [number, number];
  const mean = ctx.scratch('mean', [C]);
  return { mean, summed: partialSumDispatch(`${label} (mean)`, ctx.target, x, mean, 1 / M) };
}

/** A thread for each vec4 of `over`; params that the kernel has not are left out. */
function run(
  label: string,
  ctx: OpContext,
  kernel: KernelSpec<Record<string, never>>,
  buffers: Record<string, Tensor>,
  over: Tensor,
  { centre, divide, epsilon }: ColumnNormalizeAttrs,
): Dispatch<Tensor> {
  const [M, C] = over.shape as unknown as [number, number];
  const C4 = ceilDiv(C, 4);
  const { workgroups, stride } = linearGrid(M * C4, ctx.target);
  const all = { count: M * C4, stride, C4, centre: Number(centre), divide: Number(divide), epsilon };
  const params = Object.fromEntries(Object.entries(all).filter(([name]) => name in kernel.params));
  return dispatch(kernel, {}, label, buffers, params, workgroups);
}
