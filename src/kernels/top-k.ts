// The rows of a gallery that lie nearest to queries. Not an op: nothing is differentiated.
import { type DistancesVariant, squaredDistances } from '../../shaders/squared_distances.wgsl.js';
import { type MergeVariant, topKMerge } from '../../shaders/top_k_merge.wgsl.js';
import { topKSelect } from '../../shaders/top_k_select.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape } from '../base/shape.js';
import { type Tensor, tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, LINEAR_WORKGROUP, type Target } from '../gpu/kernel.js';

/** Squared distances of some queries from all rows. */
export const squaredDistancesKernel: KernelSpec<DistancesVariant> = {
  name: 'squared_distances',
  bindings: () => ({ queries: 'read', gallery: 'read', distances: 'read_write' }),
  params: { B: 'u32', M4: 'u32', D4: 'u32', rows: 'u32' },
  shader: squaredDistances,
  variants: [1, 2, 4, 8].map((tile) => ({ tile, far: true })),
};

/** The smallest distances of a share of the rows. */
export const topKSelectKernel: KernelSpec<Record<string, never>> = {
  name: 'top_k_select',
  bindings: () => ({ distances: 'read', values: 'read_write', numbers: 'read_write' }),
  params: {
    M4: 'u32',
    lists: 'u32',
    first: 'u32',
    total: 'u32',
    row: 'u32',
    k: 'u32',
    pitch: 'u32',
  },
  shader: topKSelect,
  variants: [{}],
};

/** The smallest of several lists. */
export const topKMergeKernel: KernelSpec<MergeVariant> = {
  name: 'top_k_merge',
  bindings: () => ({
    values: 'read',
    numbers: 'read',
    merged_values: 'read_write',
    merged_numbers: 'read_write',
  }),
  params: { lists: 'u32', merged: 'u32', k: 'u32', pitch: 'u32' },
  shader: topKMerge,
  variants: [{ fan: 8 }],
};

/** Most neighbours that are looked for at once: lists are kept by insertion. */
export const MOST_NEIGHBOURS = 64;
/** Most rows: their numbers are whole numbers in f32. */
export const MOST_ROWS = 2 ** 24;
/** A row that is not there: the distance f32 has nothing above, and the number -1. */
export const NO_ROW = { distance: 2 ** 128 - 2 ** 104, number: -1 } as const;

const FAN = 8;

/** What is searched: `chunks` are consecutive rows, split because one binding may not hold them all. */
export interface TopKInputs {
  /** [B,D]. */
  readonly queries: Tensor;
  /** Each [rows,D]; `label` + `.distances.<i>` names the dispatch whose param `rows` says how many of them count. */
  readonly chunks: readonly Tensor[];
}

/** The result and how to get it. */
export interface TopK {
  readonly dispatches: Dispatch<Tensor>[];
  /** Squared distances [B,k], ascending; NO_ROW.distance where there are fewer rows. */
  readonly distances: Tensor;
  /** Row numbers [B,k] over all chunks, equal distances by ascending number; NO_ROW.number where there are fewer rows. */
  readonly numbers: Tensor;
}

/**
 * The k rows with the smallest sum (queries[b] - row)^2 for every query: exact up to the rounding of the distances, and
 * the same on every run. Vectors must be finite; a row at a distance of no finite f32 is never found. ShapeError for
 * sizes that do not go together.
 */
export function topK(label: string, target: Target, { queries, chunks }: TopKInputs, k: number): TopK {
  const rows = chunks.reduce((sum, chunk) => sum + chunk.shape[0]!, 0);
  check(label, target, queries, chunks, rows, k);
  const [B, D] = queries.shape as unknown as [number, number];
  const D4 = ceilDiv(D, 4);
  const plans = chunks.map((chunk) => {
    const M4 = ceilDiv(chunk.shape[0]!, 4);
    // A list costs k insertions or more, so long ones are cheaper; a GPU wants many threads.
    return { chunk, M4, lists: ceilDiv(M4, target.cpu ? 1024 : 128) };
  });
  const total = plans.reduce((sum, { lists }) => sum + lists, 0);
  const pitch = 4 * ceilDiv(k, 4);
  const tile = B >= 8 ? 8 : B >= 4 ? 4 : B >= 2 ? 2 : 1;
  let values = tensor(`${label}.values`, [B * total, k]);
  let numbers = tensor(`${label}.numbers`, [B * total, k]);
  const dispatches: Dispatch<Tensor>[] = [];
  let row = 0;
  let first = 0;
  for (const [i, { chunk, M4, lists }] of plans.entries()) {
    const distances = tensor(`${label}.distances`, [B, chunk.shape[0]!]);
    dispatches.push(
      dispatch(
        squaredDistancesKernel,
        { tile, far: true },
        distancesLabel(label, i),
        { queries, gallery: chunk, distances },
        { B, M4, D4, rows: chunk.shape[0]! },
        [ceilDiv(M4, LINEAR_WORKGROUP), ceilDiv(B, tile), 1],
      ),
      dispatch(
        topKSelectKernel,
        {},
        `${label}.select.${i}`,
        { distances, values, numbers },
        { M4, lists, first, total, row, k, pitch },
        [ceilDiv(lists, LINEAR_WORKGROUP), B, 1],
      ),
    );
    row += chunk.shape[0]!;
    first += lists;
  }
  for (let lists = total; lists > 1; ) {
    const merged = ceilDiv(lists, FAN);
    const to = {
      values: tensor(`${label}.values`, [B * merged, k]),
      numbers: tensor(`${label}.numbers`, [B * merged, k]),
    };
    dispatches.push(
      dispatch(
        topKMergeKernel,
        { fan: FAN },
        `${label}.merge.${lists}`,
        { values, numbers, merged_values: to.values, merged_numbers: to.numbers },
        { lists, merged, k, pitch },
        [ceilDiv(merged, LINEAR_WORKGROUP), B, 1],
      ),
    );
    ({ values, numbers } = to);
    lists = merged;
  }
  return { dispatches, distances: values, numbers };
}

/** Label of the dispatch that measures chunk `i`; its param `rows` may be set to fewer rows than the chunk has. */
export function distancesLabel(label: string, i: number): string {
  return `${label}.distances.${i}`;
}

/** Rows of `dimension` values that a chunk may have for `batch` queries on this adapter; a multiple of four. */
export function chunkRows(target: Target, dimension: number, batch: number): number {
  const bytesPerRow = Math.max(16 * ceilDiv(dimension, 4), 4 * batch);
  const byGrid = 4 * LINEAR_WORKGROUP * target.maxWorkgroups;
  return 4 * Math.floor(Math.min(target.maxBindingBytes / bytesPerRow, byGrid) / 4);
}

function check(
  where: string,
  target: Target,
  queries: Tensor,
  chunks: readonly Tensor[],
  rows: number,
  k: number,
): void {
  const [b, d] = queries.shape;
  if (queries.shape.length !== 2)
    throw new ShapeError(`${where}: queries must be [B,D], got ${formatShape(queries.shape)}`);
  for (const { shape } of chunks) {
    if (shape.length !== 2 || shape[1] !== d) {
      throw new ShapeError(
        `${where}: gallery rows must be [M,${d}] as the queries ${formatShape(queries.shape)}, got ${formatShape(shape)}`,
      );
    }
    const most = chunkRows(target, d!, b!);
    if (shape[0]! > most) {
      throw new ShapeError(
        `${where}: a chunk of ${shape[0]} rows must not exceed ${most} on this adapter for ${b} queries`,
      );
    }
  }
  if (rows < 1 || rows > MOST_ROWS)
    throw new ShapeError(`${where}: the gallery must have 1 to ${MOST_ROWS} rows, has ${rows}`);
  if (!Number.isInteger(k) || k < 1 || k > MOST_NEIGHBOURS)
    throw new ShapeError(`${where}: k must be an integer in 1..${MOST_NEIGHBOURS}, got ${k}`);
}
