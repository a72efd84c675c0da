// Means of channels over their pixels: of one picture as a vector, of several as rows.
import { channelCentre } from '../../shaders/channel_centre.wgsl.js';
import { channelMeanBackward } from '../../shaders/channel_mean_backward.wgsl.js';
import { channelMeanForward } from '../../shaders/channel_mean_forward.wgsl.js';
import { geometryOf, HALO } from '../base/layout.js';
import { ceilDiv, nchw, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid, type Target } from '../gpu/kernel.js';
import { channelsOfOne } from './gram.js';
import type { OpContext, OpSpec } from './op.js';
import { partialSumDispatch } from './reduce.js';

/** First stage of each channel's sum over its pixels. */
export const channelMeanForwardKernel: KernelSpec<Record<string, never>> = {
  name: 'channel_mean_forward',
  bindings: () => ({ x: 'read', partials: 'read_write' }),
  params: { blocks: 'u32', plane: 'u32', splits: 'u32', stride: 'u32', scale: 'f32' },
  shader: channelMeanForward,
  variants: [{}],
};

/** dx[n,c,p] = dy[n,c] / pixels. */
export const channelMeanBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'channel_mean_backward',
  bindings: () => ({ dy: 'read', dx: 'read_write' }),
  params: { blocks: 'u32', H: 'u32', W: 'u32', stride: 'u32', scale: 'f32' },
  shader: channelMeanBackward,
  variants: [{}],
};

/** y[c,p] = x[c,p] - mean[c]. */
export const channelCentreKernel: KernelSpec<Record<string, never>> = {
  name: 'channel_centre',
  bindings: () => ({ x: 'read', mean: 'read', y: 'read_write' }),
  params: { C4: 'u32', H: 'u32', W: 'u32', stride: 'u32' },
  shader: channelCentre,
  variants: [{}],
};

/** Pixels that one thread adds, at least, and most threads per channel. */
const RUN = 256;
const MAX_SPLITS = 256;

/** y [C] = mean of x [1,C,H,W] over its pixels. */
export const channelMean: OpSpec<Record<string, never>> = {
  name: 'channel_mean',
  inputs: ['x'],
  saves: [],
  output(shapes, _attrs, where) {
    return { shape: [channelsOfOne(`channel_mean at ${where}`, shapes.x!)], layout: 'flat' };
  },
  forward: (t, _attrs, ctx) => channelMeanDispatches(`channel_mean:forward at ${ctx.where}`, ctx, t.x!, t.y!),
  backward: {
    x: (t, _attrs, ctx) => [
      meanBackwardDispatch(`channel_mean:backward:x at ${ctx.where}`, ctx.target, t.dy!, t.dx!),
    ],
  },
  cost: (shapes) => ({ flops: sizeOf(shapes.x!), bytes: 4 * sizeOf(shapes.x!) }),
};

/** y [N,C] = mean of each channel of x [N,C,H,W] over its pixels: average pooling over the whole map. */
export const globalAvgPool: OpSpec<Record<string, never>> = {
  name: 'global_avg_pool',
  inputs: ['x'],
  saves: [],
  output(shapes, _attrs, where) {
    const [n, c] = nchw(`global_avg_pool at ${where}`, shapes.x!);
    return { shape: [n, c], layout: 'flat' };
  },
  forward: (t, _attrs, ctx) =>
    channelMeanDispatches(`global_avg_pool:forward at ${ctx.where}`, ctx, t.x!, t.y!),
  backward: {
    x: (t, _attrs, ctx) => [
      meanBackwardDispatch(`global_avg_pool:backward:x at ${ctx.where}`, ctx.target, t.dy!, t.dx!),
    ],
  },
  cost: (shapes) => ({ flops: sizeOf(shapes.x!), bytes: 4 * sizeOf(shapes.x!) }),
};

/** dx [N,C,H,W] = dy / (H W), dy [N,C] or, of one picture, [C]. */
function meanBackwardDispatch(label: string, target: Target, dy: Tensor, dx: Tensor): Dispatch<Tensor> {
  const { grid, blocks, H, W } = imageGrid(label, dx, target);
  const params = { blocks, H, W, stride: grid.stride, scale: 1 / (H * W) };
  return dispatch(channelMeanBackwardKernel, {}, label, { dy, dx }, params, grid.workgroups);
}

/** mean [N,C], or [C] of one picture, of x [N,C,H,W]; in two stages of fixed order where maps are large. */
export function channelMeanDispatches(
  label: string,
  ctx: OpContext,
  x: Tensor,
  mean: Tensor,
): Dispatch<Tensor>[] {
  const [n, c, h, w] = nchw(label, x.shape);
  const blocks = n * ceilDiv(c, 4);
  const plane = (h + 2 * HALO) * (w + 2 * HALO);
  const splits = Math.min(MAX_SPLITS, ceilDiv(plane, RUN));
  const grid = linearGrid(blocks * splits, ctx.target);
  const params = { blocks, plane, splits, stride: grid.stride };
  const stage = (partials: Tensor, scale: number) =>
    dispatch(channelMeanForwardKernel, {}, label, { x, partials }, { ...params, scale }, grid.workgroups);
  if (splits === 1) return [stage(mean, 1 / (h * w))];
  const partials = ctx.scratch('partials', [splits, n, c]);
  return [stage(partials, 1), partialSumDispatch(`${label} (sum)`, ctx.target, partials, mean, 1 / (h * w))];
}

/** A copy of x [1,C,H,W] whose channels have mean zero. */
export function centredDispatches(
  label: string,
  ctx: OpContext,
  x: Tensor,
): { centred: Tensor; dispatches: Dispatch<Tensor>[] } {
  const { grid, blocks: C4, H, W } = imageGrid(label, x, ctx.target);
  const mean = ctx.scratch('mean', [x.shape[1]!]);
  const centred = ctx.scratch('centred', x.shape);
  const params = { C4, H, W, stride: grid.stride };
  return {
    centred,
    dispatches: [
      ...channelMeanDispatches(`${label} (mean)`, ctx, x, mean),
      dispatch(
        channelCentreKernel,
        {},
        `${label} (centre)`,
        { x, mean, y: centred },
        params,
        grid.workgroups,
      ),
    ],
  };
}

function imageGrid(label: string, x: Tensor, target: Target) {
  const [n, c, H, W] = nchw(label, x.shape);
  return { grid: linearGrid(geometryOf(x.shape, x.layout).vec4s, target), blocks: n * ceilDiv(c, 4), H, W };
}
