// Tiles of sums of outer products: which there are, and which fit an adapter.
import { type OuterTile, outerBytes, outerThreads } from '../../shaders/outer_tile.js';
import type { Target } from '../gpu/kernel.js';

/** By the size of what a workgroup computes: 8x8 and 4x4 sums a thread, 64 threads. */
export const OUTER_TILES = {
  '64x64': { rows: 16, columns: 16, perRow: 2, perColumn: 2, depth: 8 },
  '32x32': { rows: 8, columns: 8, perRow: 1, perColumn: 1, depth: 16 },
} as const satisfies Record<string, OuterTile>;

export type OuterTileName = keyof typeof OUTER_TILES;

/** `registers`: each thread (or subgroup) loads for itself; `tiled`: through the memory of its workgroup. */
export type OuterMethod = 'registers' | `tiled/${OuterTileName}`;

/** The tiles of a GPU that fits them; none for a CPU rasteriser, where barriers and shared memory cost most. */
export function outerTiles(target: Target): OuterTileName[] {
  if (target.cpu) return [];
  return (Object.keys(OUTER_TILES) as OuterTileName[]).filter(
    (name) =>
      outerThreads(OUTER_TILES[name]) <= target.maxWorkgroupThreads &&
      outerBytes(OUTER_TILES[name]) <= target.maxSharedBytes,
  );
}

/** `registers` and the tiles that fit; first `wanted` where it is among them. */
export function outerCandidates(target: Target, wanted: OuterMethod): OuterMethod[] {
  const all: OuterMethod[] = ['registers', ...outerTiles(target).map((name): OuterMethod => `tiled/${name}`)];
  return [...new Set([...all.filter((name) => name === wanted), ...all])];
}

/** The tile that a method names, if it does. */
export function outerTileOf(method: string): (typeof OUTER_TILES)[OuterTileName] | undefined {
  const [kind, name] = method.split('/');
  return kind === 'tiled' ? OUTER_TILES[name as OuterTileName] : undefined;
}
