// Matrix products on CPU rasterisers with subgroups, a tile by a subgroup whose lanes load the left factor for each other.
import { type MatmulLanesVariant, matmulLanes } from '../../shaders/matmul_lanes.wgsl.js';
import { ceilDiv } from '../base/shape.js';
import type { KernelSpec, Target } from '../gpu/kernel.js';

/** Lanes of the subgroups that the shader is written for: 4 x 8 rows in one thread, more would not stay in the caches. */
const LANES = 8;
/** By how much a product may grow when its rows and columns are filled up to whole tiles. */
const WASTE = 1.7;

/** y = alpha * at^T b + diagonal * I, for each item of a batch. */
export const matmulLanesKernel: KernelSpec<MatmulLanesVariant> = {
  name: 'matmul_lanes',
  bindings: () => ({ at: 'read', b: 'read', y: 'read_write' }),
  params: {
    M: 'u32',
    K: 'u32',
    N: 'u32',
    blocks: 'u32',
    blocksOfItem: 'u32',
    stride: 'u32',
    alpha: 'f32',
    diagonal: 'f32',
  },
  shader: matmulLanes,
  variants: [
    { lanes: LANES, symmetric: false },
    { lanes: LANES, symmetric: true },
  ],
};

/** The variant for a product [M,K] x [K,N] where it is the fastest one: CPU rasterisers, tiles that are mostly full. */
export function lanesVariant(
  target: Target,
  M: number,
  N: number,
  symmetric: boolean,
): MatmulLanesVariant | undefined {
  if (!target.cpu || target.subgroupSize !== LANES) return undefined;
  const side = 4 * LANES;
  const filled = (extent: number) => (ceilDiv(extent, side) * side) / extent;
  return filled(M) * filled(N) <= WASTE ? { lanes: LANES, symmetric } : undefined;
}
