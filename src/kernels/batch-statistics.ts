// Mean and variance of each channel over a batch.
import { batchStatistics as batchStatisticsShader } from '../../shaders/batch_statistics.wgsl.js';
import { batchStatisticsBackward } from '../../shaders/batch_statistics_backward.wgsl.js';
import { channelDeviation } from '../../shaders/channel_deviation.wgsl.js';
import type { Finish } from '../../shaders/finish.js';
import { CHANNEL_ROWS_PARAMS, PIXEL_RUN_PARAMS } from '../../shaders/pixel-run.js';
import { ceilDiv, nchw, sizeOf } from '../base/shape.js';
import { dispatch, type KernelSpec, linearGrid } from '../gpu/kernel.js';
import { channelRowsGrid, pixelRunGrid } from './channel-grid.js';
import { channelSumDispatches } from './channel-sum.js';
import { FINISHES, finishBindings, finishOf, finishTensors, UNFINISHED } from './finish.js';
import type { OpSpec } from './op.js';

/** First stage of the sums of squared deviations. */
export const channelDeviationKernel: KernelSpec<Record<string, never>> = {
  name: 'channel_deviation',
  bindings: () => ({ x: 'read', mean: 'read', partials: 'read_write' }),
  params: CHANNEL_ROWS_PARAMS,
  shader: channelDeviation,
  variants: [{}],
};

/** Last stage: mean and variance as two rows. */
export const batchStatisticsKernel: KernelSpec<Record<string, never>> = {
  name: 'batch_statistics',
  bindings: () => ({ mean: 'read', partials: 'read', statistics: 'read_write' }),
  params: { C4: 'u32', splits: 'u32', stride: 'u32', scale: 'f32' },
  shader: batchStatisticsShader,
  variants: [{}],
};

/** dx = (dmean + 2 (x - mean) dvariance) / M. */
export const batchStatisticsBackwardKernel: KernelSpec<Finish> = {
  name: 'batch_statistics_backward',
  bindings: (v) => ({ x: 'read', statistics: 'read', dy: 'read', dx: 'read_write', ...finishBindings(v) }),
  params: { ...PIXEL_RUN_PARAMS, scale: 'f32' },
  shader: batchStatisticsBackward,
  variants: [UNFINISHED, ...FINISHES],
};

/**
 * y [2,C]: row 0 the mean and row 1 the biased variance of each channel of x [N,C,H,W] over its M = N H W pixels. The
 * variance is the mean of (x - mean)^2, in a second pass, and not a difference of large sums.
 */
export const batchStatistics: OpSpec<Record<string, never>> = {
  name: 'batch_statistics',
  inputs: ['x'],
  saves: ['x', 'y'],
  output(shapes, _attrs, where) {
    const [, c] = nchw(`batch_statistics at ${where}`, shapes.x!);
    return { shape: [2, c], layout: 'flat' };
  },
  forward(t, _attrs, ctx) {
    const label = `batch_statistics:forward at ${ctx.where}`;
    const x = t.x!;
    const [n, c, h, w] = nchw(label, x.shape);
    const scale = 1 / (n * h * w);
    const rows = channelRowsGrid(label, ctx.target, x);
    const { C4, splits } = rows.params;
    const mean = ctx.scratch('mean', [c]);
    const partials = ctx.scratch('deviations', [splits, c]);
    const last = linearGrid(C4, ctx.target);
    return [
      ...channelSumDispatches(`${label} (mean)`, ctx, x, mean, scale),
      dispatch(
        channelDeviationKernel,
        {},
        `${label} (deviations)`,
        { x, mean, partials },
        rows.params,
        rows.workgroups,
      ),
      dispatch(
        batchStatisticsKernel,
        {},
        label,
        { mean, partials, statistics: t.y! },
        { C4, splits, stride: last.stride, scale },
        last.workgroups,
      ),
    ];
  },
  finishes: { x: ['add', 'mask'] },
  backward: {
    x(t, _attrs, ctx) {
      const label = `batch_statistics:backward:x at ${ctx.where}`;
      const [n, , h, w] = nchw(label, t.x!.shape);
      const { params, workgroups } = pixelRunGrid(label, ctx.target, t.x!);
      const operands = { x: t.x!, statistics: t.y!, dy: t.dy!, dx: t.dx!, ...finishTensors(t) };
      const scale = 1 / (n * h * w);
      return [
        dispatch(
          batchStatisticsBackwardKernel,
          finishOf(t),
          label,
          operands,
          { ...params, scale },
          workgroups,
        ),
      ];
    },
  },
  cost: (shapes) => ({
    flops: 4 * sizeOf(shapes.x!),
    bytes: 8 * 4 * ceilDiv(shapes.x![1]!, 4) + 4 * sizeOf(shapes.x!),
  }),
};
