// The grid of kernels that own one pixel (of four channels) per thread.
import { KernelError } from '../base/errors.js';
import { ceilDiv } from '../base/shape.js';
import type { Target, Workgroups } from '../gpu/kernel.js';

/** Side of the square workgroup: 8 neighbours of a row fill a CPU rasteriser's vector, 64 threads a GPU's wave. */
export const IMAGE_WORKGROUP = 8;

/**
 * Workgroups for `width` x `height` threads in each of `planes` planes (N*C4). In the shader global_id is
 * (column, row, plane): no divisions. KernelError where there are more planes than one dimension may have.
 */
export function imageGrid(
  label: string,
  target: Target,
  width: number,
  height: number,
  planes: number,
): Workgroups {
  if (planes > target.maxWorkgroups) {
    throw new KernelError(
      `${label}: N * ceil(C/4) (${planes}) must not exceed the adapter's ${target.maxWorkgroups} workgroups`,
    );
  }
  return [ceilDiv(width, IMAGE_WORKGROUP), ceilDiv(height, IMAGE_WORKGROUP), planes];
}
