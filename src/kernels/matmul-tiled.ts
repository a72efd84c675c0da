// Matrix products on GPUs, a tile by a workgroup.
import { type MatmulTiledVariant, matmulTiled } from '../../shaders/matmul_tiled.wgsl.js';
import { bucketOf, type Tunable } from '../gpu/choices.js';
import type { KernelSpec, Target } from '../gpu/kernel.js';
import { OUTER_TILES, outerCandidates } from './outer-tile.js';

/** y = alpha * at^T b + diagonal * I. */
export const matmulTiledKernel: KernelSpec<MatmulTiledVariant> = {
  name: 'matmul_tiled',
  bindings: () => ({ at: 'read', b: 'read', y: 'read_write' }),
  params: { M: 'u32', K: 'u32', N: 'u32', alpha: 'f32', diagonal: 'f32' },
  shader: matmulTiled,
  variants: Object.values(OUTER_TILES).flatMap((tile) => [
    { ...tile, symmetric: false },
    { ...tile, symmetric: true },
  ]),
};

/** The ways of a product [M,K] x [K,N], the default first. */
export function matmulTunable(target: Target, M: number, K: number, N: number): Tunable {
  // Statistics are small matrices: a large tile would leave most of a GPU idle.
  const wanted = Math.min(M, N, K) >= 32 ? 'tiled/32x32' : 'registers';
  return {
    family: 'matmul',
    bucket: `m${bucketOf(M)} k${bucketOf(K)} n${bucketOf(N)}`,
    candidates: outerCandidates(target, target.cpu ? 'registers' : wanted),
  };
}
