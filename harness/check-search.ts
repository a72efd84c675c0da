// Runs cases of searches: the rows that the GPU finds against those that float64 finds.
import { ceilDiv } from '../src/base/shape.js';
import { type Tensor, tensor } from '../src/base/tensor.js';
import type { Device } from '../src/gpu/device.js';
import type { Target } from '../src/gpu/kernel.js';
import { TensorStore } from '../src/gpu/store.js';
import { Program } from '../src/graph/program.js';
import { distancesLabel, type TopK, topK } from '../src/kernels/top-k.js';
import { map, type NdArray, zeros } from '../src/reference/array.js';
import { squaredDistance, topKBound, topKReference } from '../src/reference/top-k.js';
import { type BuiltSearch, buildSearch, type SearchFamily } from './cases/search.js';
import { type Comparison, compare } from './check.js';

/** Names of the comparisons of one case: `top_k:search:distances:M=300;B=5;k=10`. */
export function searchNames(f: SearchFamily, text: string): string[] {
  return ['distances', 'numbers'].map((part) => `${f.name}:search:${part}:${text}`);
}

/** Runs one case with every slot poisoned. */
export async function checkSearch(device: Device, f: SearchFamily, text: string): Promise<Comparison[]> {
  const built = buildSearch(f, text);
  const store = new TensorStore(device);
  try {
    const { program, found } = await compileSearch(store, built);
    try {
      program.runPoisoned();
      const [distances, numbers] = await program.readAll([found.distances, found.numbers]);
      return compareSearch(searchNames(f, text), built, distances!, numbers!);
    } finally {
      program.destroy();
    }
  } finally {
    store.destroy();
  }
}

function compareSearch(
  [distancesName, numbersName]: readonly string[],
  built: BuiltSearch,
  distances: Float32Array,
  numbers: Float32Array,
): Comparison[] {
  const { queries, gallery, k, rows, exact } = built;
  const expected = topKReference(queries, gallery, k, rows);
  const bound = topKBound(expected, queries.shape[1]!);
  const first = compare(distancesName!, distances, expected.distances, bound);
  if (exact) {
    const equal = { magnitude: zeros(expected.numbers.shape), terms: 1 };
    return [first, compare(numbersName!, numbers, expected.numbers, equal)];
  }
  // Rows whose distances differ by less than their roundings may change places: then what was found lies as far away as
  // what should have been, within the roundings of both.
  const twice = { ...bound, magnitude: map(bound.magnitude, (value) => 2 * value) };
  return [
    first,
    compare(numbersName!, distancesOf(built, numbers, expected.distances), expected.distances, twice),
  ];
}

/** True distances of the rows with these numbers; NaN for a row that is none, or that was found twice. */
function distancesOf(built: BuiltSearch, numbers: Float32Array, expected: NdArray): Float64Array {
  const { queries, gallery, k, rows } = built;
  return Float64Array.from(numbers, (m, i) => {
    const b = Math.floor(i / k);
    if (m === -1 && i % k >= rows) return expected.data[i]!;
    const before = numbers.subarray(b * k, i);
    if (!Number.isInteger(m) || m < 0 || m >= rows || before.includes(m)) return Number.NaN;
    return squaredDistance(queries, b, gallery, m);
  });
}

/** Tensors and dispatches of a search, without a device. */
export function recordSearch(
  target: Target,
  { queries, gallery, k, chunk }: BuiltSearch,
): { queries: Tensor; chunks: Tensor[]; found: TopK } {
  const [m, d] = gallery.shape as unknown as [number, number];
  const pinned = (name: string, rows: number) => tensor(name, [rows, d], { lifetime: 'pinned' });
  const from = pinned('queries', queries.shape[0]!);
  const chunks = Array.from({ length: ceilDiv(m, chunk) }, (_, i) =>
    pinned(`gallery.${i}`, Math.min(chunk, m - i * chunk)),
  );
  return { queries: from, chunks, found: topK('top_k', target, { queries: from, chunks }, k) };
}

/** A search as a program, queries and gallery pinned in `store`. */
export async function compileSearch(store: TensorStore, built: BuiltSearch, label = 'search') {
  const { queries, chunks, found } = recordSearch(store.device.target, built);
  const d = built.gallery.shape[1]!;
  store.pin(queries, built.queries.data);
  for (const [i, chunk] of chunks.entries()) {
    const from = i * built.chunk * d;
    store.pin(chunk, built.gallery.data.subarray(from, from + chunk.shape[0]! * d));
  }
  const keep = [found.distances, found.numbers];
  const program = await Program.compile(store, found.dispatches, { keep, label });
  for (const [i, chunk] of chunks.entries()) {
    const rows = Math.min(chunk.shape[0]!, Math.max(0, built.rows - i * built.chunk));
    program.setParams(distancesLabel('top_k', i), { rows });
  }
  return { program, found };
}
