// Sums of channels over the pixels of all pictures, in two stages of fixed order.
import { HALO } from '../base/layout.js';
import { ceilDiv, nchw } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, linearGrid } from '../gpu/kernel.js';
import { channelMeanForwardKernel } from './channel-mean.js';
import type { OpContext } from './op.js';
import { partialSumDispatch } from './reduce.js';

/** Pixels that one thread adds, at least, and most threads per channel of a picture. */
const RUN = 256;
const MAX_SPLITS = 256;

/** sum [C] = scale * the sum of x [N,C,H,W] over N, H and W. */
export function channelSumDispatches(
  label: string,
  ctx: OpContext,
  x: Tensor,
  sum: Tensor,
  scale = 1,
): Dispatch<Tensor>[] {
  const [n, c, h, w] = nchw(label, x.shape);
  const blocks = n * ceilDiv(c, 4);
  const plane = (h + 2 * HALO) * (w + 2 * HALO);
  const splits = Math.min(MAX_SPLITS, ceilDiv(plane, RUN));
  const grid = linearGrid(blocks * splits, ctx.target);
  const partials = ctx.scratch('partials', [splits * n, c]);
  const params = { blocks, plane, splits, stride: grid.stride, scale: 1 };
  return [
    dispatch(channelMeanForwardKernel, {}, label, { x, partials }, params, grid.workgroups),
    partialSumDispatch(`${label} (sum)`, ctx.target, partials, sum, scale),
  ];
}
