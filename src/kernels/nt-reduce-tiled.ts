// Sums over pixels of products of channels on GPUs, a tile of channels by a workgroup.
import { type NtReduceTiledVariant, ntReduceTiled } from '../../shaders/nt_reduce_tiled.wgsl.js';
import { ceilDiv } from '../base/shape.js';
import { bucketOf, type Tunable } from '../gpu/choices.js';
import type { Bindings, KernelSpec, Target } from '../gpu/kernel.js';
import { OUTER_TILES, type OuterMethod, outerCandidates } from './outer-tile.js';

/** a b^T over all pixels, split into ranges that partial_sum adds. */
export const ntReduceTiledKernel: KernelSpec<NtReduceTiledVariant> = {
  name: 'nt_reduce_tiled',
  bindings: (v): Bindings =>
    v.symmetric ? { a: 'read', partials: 'read_write' } : { a: 'read', b: 'read', partials: 'read_write' },
  params: { A4: 'u32', B4: 'u32', plane: 'u32', chunk: 'u32', chunks: 'u32' },
  shader: ntReduceTiled,
  variants: Object.values(OUTER_TILES).flatMap((tile) => [
    { ...tile, symmetric: true },
    { ...tile, symmetric: false },
  ]),
};

/** Workgroups that keep the processors of a large GPU busy, four for each of some hundred. */
const GPU_FULL = 512;
/** Below so many pixels a range's loads and stores of sums cost more than its products. */
const LEAST_CHUNK = 256;

/** Ranges of a plane of so many pixels that are summed apart, where `blocks` tiles are computed of each. */
export function tiledChunks(plane: number, blocks: number): number {
  return Math.max(1, Math.min(ceilDiv(GPU_FULL, blocks), Math.floor(plane / LEAST_CHUNK)));
}

/** The ways of an [A,B] sum over so many pixels, the default first. A Gram matrix has B = A, by symmetry. */
export function ntTunable(
  target: Target,
  { a, b, pixels }: { a: number; b?: number; pixels: number },
): Tunable {
  const least = Math.min(a, b ?? a);
  const wanted: OuterMethod = least >= 64 ? 'tiled/64x64' : least >= 16 ? 'tiled/32x32' : 'registers';
  return {
    family: 'gram',
    bucket: `c${bucketOf(a)}${b === undefined ? '' : `x${bucketOf(b)}`} px${bucketOf(pixels)}`,
    candidates: outerCandidates(target, target.cpu ? 'registers' : wanted),
  };
}
