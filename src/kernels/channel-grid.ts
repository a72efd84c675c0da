// Grids of kernels whose threads stay with one channel block: for a run of pixels, or for some rows of all pictures.
import { ceilDiv, nchw } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { linearGrid, type Target, type Workgroups } from '../gpu/kernel.js';

/**
 * Grid and params of a kernel of pixel runs over x [N,C,H,W]: a row a thread on a CPU rasteriser, where loading what is the
 * channel's costs as much as a pixel; a pixel a thread on a GPU, where neighbours should load neighbours.
 */
export function pixelRunGrid(label: string, target: Target, x: Tensor) {
  const [n, c, H, W] = nchw(label, x.shape);
  const C4 = ceilDiv(c, 4);
  const run = target.cpu ? W : 1;
  const segments = ceilDiv(W, run);
  const count = n * C4 * H * segments;
  const { workgroups, stride } = linearGrid(count, target);
  return { params: { count, stride, C4, H, W, run, segments }, workgroups };
}

/** Most threads that share a channel block's sum: one thread adds what they found. */
const CPU_SPLITS = 64;
const GPU_SPLITS = 256;

/** Grid and params of a kernel that sums the channels of x [N,C,H,W], `splits` threads a channel block. */
export function channelRowsGrid(
  label: string,
  target: Target,
  x: Tensor,
): {
  params: Record<'N' | 'C4' | 'H' | 'W' | 'splits' | 'stride', number>;
  workgroups: Workgroups;
} {
  const [N, c, H, W] = nchw(label, x.shape);
  const C4 = ceilDiv(c, 4);
  const splits = Math.min(N * H, target.cpu ? CPU_SPLITS : GPU_SPLITS);
  const { workgroups, stride } = linearGrid(C4 * splits, target);
  return { params: { N, C4, H, W, splits, stride }, workgroups };
}
