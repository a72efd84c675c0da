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
  params: { C4: 'u32', plane: 'u32', splits: 'u32', stride: 'u32' },
  shader: channelMeanForward,
  variants: [{}],
};

/** dx[c,p] = dy[c] / pixels. */
export const channelMeanBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'channel_mean_backward',
  bindings: () => ({ dy: 'read', dx: 'read_write' }),
  params: { C4: 'u32', H: 'u32', W: 'u32', stride: 'u32', scale: 'f32' },
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
    x(t, _attrs, ctx) {
      const label = `channel_mean:backward:x at ${ctx.where}`;
      const { grid, C4, H, W } = imageGrid(label, t.dx!, ctx.target);
      const params = { C4, H, W, stride: grid.stride, scale: 1 / (H * W) };
      return [
        dispatch(channelMeanBackwardKernel, {}, label, { dy: t.dy!, dx: t.dx! }, params, grid.workgroups),
      ];
    },
  },
  cost: (shapes) => ({ flops: sizeOf(shapes.x!), bytes: 4 * sizeOf(shapes.x!) }),
};

/** mean [C] of x [1,C,H,W], in two stages of fixed order. */
export function channelMeanDispatches(
  label: string,
  ctx: OpContext,
  x: Tensor,
  mean: Tensor,
): Dispatch<Tensor>[] {
  const [, c, h, w] = nchw(label, x.shape);
  const C4 = ceilDiv(c, 4);
  const plane = (h + 2 * HALO) * (w + 2 * HALO);
  const splits = Math.min(MAX_SPLITS, ceilDiv(plane, RUN));
  const partials = ctx.scratch('partials', [splits, c]);
  const grid = linearGrid(C4 * splits, ctx.target);
  const params = { C4, plane, splits, stride: grid.stride };
  return [
    dispatch(channelMeanForwardKernel, {}, label, { x, partials }, params, grid.workgroups),
    partialSumDispatch(`${label} (sum)`, ctx.target, partials, mean, 1 / (h * w)),
  ];
}

/** A copy of x [1,C,H,W] whose channels have mean zero. */
export function centredDispatches(
  label: string,
  ctx: OpContext,
  x: Tensor,
): { centred: Tensor; dispatches: Dispatch<Tensor>[] } {
  const { grid, C4, H, W } = imageGrid(label, x, ctx.target);
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
  const [, c, H, W] = nchw(label, x.shape);
  return { grid: linearGrid(geometryOf(x.shape, x.layout).vec4s, target), C4: ceilDiv(c, 4), H, W };
}
