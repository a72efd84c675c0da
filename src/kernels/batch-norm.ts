// Batch normalisation in training (Ioffe & Szegedy, arXiv 1502.03167): the statistics of a batch as an op of their own,
// whose gradient is the part of the chain that runs through them, and the normalisation by given statistics.
import { batchNormBackwardStatistics } from '../../shaders/batch_norm_backward_statistics.wgsl.js';
import { batchNormBackwardX } from '../../shaders/batch_norm_backward_x.wgsl.js';
import { type BatchNormVariant, batchNormForward } from '../../shaders/batch_norm_forward.wgsl.js';
import { batchNormRunning } from '../../shaders/batch_norm_running.wgsl.js';
import { batchNormSums } from '../../shaders/batch_norm_sums.wgsl.js';
import { CHANNEL_ROWS_PARAMS, PIXEL_RUN_PARAMS } from '../../shaders/pixel-run.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid, type Target } from '../gpu/kernel.js';
import { channelRowsGrid, pixelRunGrid } from './channel-grid.js';
import type { OpContext, OpSpec, Shapes, Tensors } from './op.js';
import { partialSumDispatch } from './reduce.js';

export interface BatchNormAttrs {
  /** Added to the variance before its root is taken; above 0. */
  readonly epsilon: number;
  /** Fuses max(0, .) behind the normalisation. */
  readonly rectify?: boolean;
}

/** y = act(gamma (x - mean) / sqrt(variance + epsilon) + beta). */
export const batchNormForwardKernel: KernelSpec<BatchNormVariant> = {
  name: 'batch_norm_forward',
  bindings: () => ({ x: 'read', statistics: 'read', gamma: 'read', beta: 'read', y: 'read_write' }),
  params: { ...PIXEL_RUN_PARAMS, epsilon: 'f32' },
  shader: batchNormForward,
  variants: [{ rectify: false }, { rectify: true }],
};

/** dx = dy gamma / sqrt(variance + epsilon). */
export const batchNormBackwardXKernel: KernelSpec<Record<string, never>> = {
  name: 'batch_norm_backward_x',
  bindings: () => ({ dy: 'read', statistics: 'read', gamma: 'read', dx: 'read_write' }),
  params: { ...PIXEL_RUN_PARAMS, epsilon: 'f32' },
  shader: batchNormBackwardX,
  variants: [{}],
};

/** First stage of the sums of dy and of dy times the normalised x. */
export const batchNormSumsKernel: KernelSpec<Record<string, never>> = {
  name: 'batch_norm_sums',
  bindings: () => ({
    x: 'read',
    dy: 'read',
    statistics: 'read',
    plain: 'read_write',
    weighted: 'read_write',
  }),
  params: { ...CHANNEL_ROWS_PARAMS, epsilon: 'f32' },
  shader: batchNormSums,
  variants: [{}],
};

/** Last stage of those sums, as the gradient to mean and variance. */
export const batchNormBackwardStatisticsKernel: KernelSpec<Record<string, never>> = {
  name: 'batch_norm_backward_statistics',
  bindings: () => ({
    plain: 'read',
    weighted: 'read',
    statistics: 'read',
    gamma: 'read',
    dx: 'read_write',
  }),
  params: { C4: 'u32', splits: 'u32', stride: 'u32', epsilon: 'f32' },
  shader: batchNormBackwardStatistics,
  variants: [{}],
};

/** running = (1 - momentum) running + momentum statistics where these are finite, the variance unbiased. */
export const batchNormRunningKernel: KernelSpec<Record<string, never>> = {
  name: 'batch_norm_running',
  bindings: () => ({ statistics: 'read', running: 'read_write' }),
  params: { C4: 'u32', stride: 'u32', keep: 'f32', momentum: 'f32', unbias: 'f32' },
  shader: batchNormRunning,
  variants: [{}],
};

/**
 * y = act(gamma (x - mean) / sqrt(variance + epsilon) + beta): x [N,C,H,W], statistics [2,C] (mean, variance: of
 * `batch_statistics` in training, running averages else), gamma and beta [C]. All of them have gradients; that of x holds
 * the statistics fixed.
 */
export const batchNorm: OpSpec<BatchNormAttrs> = {
  name: 'batch_norm',
  inputs: ['x', 'statistics', 'gamma', 'beta'],
  saves: ['x', 'statistics', 'gamma'],
  output(shapes, { epsilon }, where) {
    const place = `batch_norm at ${where}`;
    const [, c] = nchw(place, shapes.x!);
    checkShape(place, shapes, 'statistics', [2, c]);
    checkShape(place, shapes, 'gamma', [c]);
    checkShape(place, shapes, 'beta', [c]);
    if (!(epsilon > 0)) throw new ShapeError(`${place}: epsilon must be above 0, got ${epsilon}`);
    return { shape: shapes.x!, layout: 'image' };
  },
  forward(t, { epsilon, rectify }, ctx) {
    const label = `batch_norm:forward at ${ctx.where}`;
    const { params, workgroups } = pixelRunGrid(label, ctx.target, t.x!);
    const operands = { x: t.x!, statistics: t.statistics!, gamma: t.gamma!, beta: t.beta!, y: t.y! };
    const variant = { rectify: rectify ?? false };
    return [dispatch(batchNormForwardKernel, variant, label, operands, { ...params, epsilon }, workgroups)];
  },
  rectifies: ({ rectify }) => rectify ?? false,
  prepares: sums,
  backward: {
    x(t, { epsilon }, ctx) {
      const label = `batch_norm:backward:x at ${ctx.where}`;
      const { params, workgroups } = pixelRunGrid(label, ctx.target, t.dx!);
      const operands = { dy: t.dy!, statistics: t.statistics!, gamma: t.gamma!, dx: t.dx! };
      return [dispatch(batchNormBackwardXKernel, {}, label, operands, { ...params, epsilon }, workgroups)];
    },
    statistics: backwardStatistics,
    gamma: (t, _attrs, ctx) => [
      partialSumDispatch(`batch_norm:backward:gamma at ${ctx.where}`, ctx.target, t.weighted!, t.dx!, 1),
    ],
    beta: (t, _attrs, ctx) => [
      partialSumDispatch(`batch_norm:backward:beta at ${ctx.where}`, ctx.target, t.plain!, t.dx!, 1),
    ],
  },
  cost: (shapes) => ({ flops: 3 * sizeOf(shapes.x!), bytes: 8 * sizeOf(shapes.x!) }),
};

function checkShape(place: string, shapes: Shapes, name: string, wanted: readonly number[]): void {
  const shape = shapes[name]!;
  if (shape.length === wanted.length && shape.every((extent, i) => extent === wanted[i])) return;
  throw new ShapeError(
    `${place}: ${name} must be ${formatShape(wanted)}, got ${formatShape(shape)}; x ${formatShape(shapes.x!)}`,
  );
}

/** One pass over x and dy for all gradients per channel. */
function sums(
  t: Tensors,
  { epsilon }: BatchNormAttrs,
  ctx: OpContext,
): { tensors: Tensors; dispatches: Dispatch<Tensor>[] } {
  const label = `batch_norm:sums at ${ctx.where}`;
  const { params, workgroups } = channelRowsGrid(label, ctx.target, t.x!);
  const shape = [params.splits, t.x!.shape[1]!];
  const tensors = { plain: ctx.scratch('plain', shape), weighted: ctx.scratch('weighted', shape) };
  const operands = { x: t.x!, dy: t.dy!, statistics: t.statistics!, ...tensors };
  return {
    tensors,
    dispatches: [dispatch(batchNormSumsKernel, {}, label, operands, { ...params, epsilon }, workgroups)],
  };
}

function backwardStatistics(t: Tensors, { epsilon }: BatchNormAttrs, ctx: OpContext): Dispatch<Tensor>[] {
  const C4 = ceilDiv(t.dx!.shape[1]!, 4);
  const grid = linearGrid(C4, ctx.target);
  return [
    dispatch(
      batchNormBackwardStatisticsKernel,
      {},
      `batch_norm:backward:statistics at ${ctx.where}`,
      {
        plain: t.plain!,
        weighted: t.weighted!,
        statistics: t.statistics!,
        gamma: t.gamma!,
        dx: t.dx!,
      },
      { C4, splits: t.plain!.shape[0]!, stride: grid.stride, epsilon },
      grid.workgroups,
    ),
  ];
}

/**
 * Updates `running` [2,C], pinned, in place from the `statistics` [2,C] of a batch of `pixels` = N H W values a channel:
 * (1 - momentum) running + momentum statistics, the variance times pixels / (pixels - 1), as PyTorch does. A channel whose
 * statistics are not finite keeps its averages. ShapeError for fewer than two pixels, of which there is no unbiased variance.
 */
export function runningStatisticsDispatch(
  label: string,
  target: Target,
  t: { statistics: Tensor; running: Tensor },
  { momentum, pixels }: { momentum: number; pixels: number },
): Dispatch<Tensor> {
  if (pixels < 2) throw new ShapeError(`${label}: a batch needs two pixels a channel, got ${pixels}`);
  const C4 = ceilDiv(t.statistics.shape[1]!, 4);
  const grid = linearGrid(2 * C4, target);
  const params = { C4, stride: grid.stride, keep: 1 - momentum, momentum, unbias: pixels / (pixels - 1) };
  return dispatch(batchNormRunningKernel, {}, label, { ...t }, params, grid.workgroups);
}
