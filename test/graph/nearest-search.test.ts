import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/base/errors.js';
import { normal } from '../../src/base/random.js';
import { TensorStore } from '../../src/gpu/store.js';
import { NearestSearch } from '../../src/graph/nearest-search.js';
import { ndarray } from '../../src/reference/array.js';
import { topKReference } from '../../src/reference/top-k.js';
import { useDevice } from '../kernels/shared.js';

const D = 6;
/** Whole numbers: every distance is exact in f32, and many are equal. */
const vectors = (seed: number, count: number) =>
  Float32Array.from({ length: count * D }, (_, i) => Math.round(2 * normal(seed, i)));

describe('NearestSearch', () => {
  const gpu = useDevice();
  const held: { store?: TensorStore } = {};
  beforeAll(() => {
    held.store = new TensorStore(gpu.device);
  });
  afterAll(() => held.store?.destroy());
  const open = (options: Partial<Parameters<typeof NearestSearch.open>[1]> = {}) =>
    NearestSearch.open(held.store!, { dimension: D, capacity: 9000, k: 5, batch: 1024, ...options });

  it('finds what float64 finds, over several chunks, as the gallery grows', async () => {
    const search = open();
    const gallery = vectors(1, 9000);
    const queries = vectors(2, 3);
    expect(await search.search(queries)).toEqual([[], [], []]);
    for (const [from, to] of [
      [0, 3],
      [3, 4000],
      [4000, 9000],
    ] as const) {
      expect(search.append(gallery.subarray(from * D, to * D))).toBe(from);
      expect(search.count).toBe(to);
      const found = await search.search(queries);
      const alone = await search.search(queries.subarray(0, D));
      const expected = topKReference(ndarray([3, D], queries), ndarray([9000, D], gallery), 5, to);
      const rows = Array.from({ length: 3 }, (_, b) =>
        Array.from({ length: Math.min(5, to) }, (_v, i) => ({
          row: expected.numbers.data[5 * b + i]!,
          distance: expected.distances.data[5 * b + i]!,
        })),
      );
      expect(found).toEqual(rows);
      expect(alone).toEqual(rows.slice(0, 1));
    }
    await search.destroy();
  });

  it('answers more queries than a batch holds, also at the same time', async () => {
    const search = open({ batch: 2, k: 1, capacity: 50 });
    const gallery = vectors(3, 50);
    search.append(gallery);
    const [all, again] = await Promise.all([search.search(gallery), search.search(gallery)]);
    expect(all!.map(([best]) => best!.distance)).toEqual(new Array(50).fill(0));
    expect(all!.every(([best], i) => best!.row <= i)).toBe(true);
    expect(again).toEqual(all);
    await search.destroy();
  });

  it('replaces vectors, forgets them, and gives its memory back', async () => {
    const before = held.store!.bytes;
    const search = open({ capacity: 5, k: 2 });
    search.append(vectors(4, 2));
    search.write(1, [...vectors(5, 1), ...vectors(6, 1)]);
    expect(search.count).toBe(3);
    expect((await search.search(vectors(5, 1)))[0]![0]).toEqual({ row: 1, distance: 0 });
    search.clear();
    expect(await search.search(vectors(5, 1))).toEqual([[]]);
    await search.destroy();
    expect(held.store!.bytes).toBe(before);
  });

  it.each<[string, (search: NearestSearch) => unknown, string]>([
    ['half a vector', (s) => s.append([1, 2, 3]), '3 values are no whole number of 6-vectors'],
    [
      'a value that is no number',
      (s) => s.append([0, 0, 0, 0, 0, 0, 0, 0, Number.NaN, 0, 0, 0]),
      'value 2 of vector 1 must be finite, is NaN',
    ],
    [
      'a value beyond f32',
      (s) => s.append([1e39, 0, 0, 0, 0, 0]),
      'value 0 of vector 0 must be finite, is 1e+39',
    ],
    ['too many', (s) => s.append(vectors(1, 6)), '6 vectors do not fit into a gallery of 5'],
    ['a gap', (s) => s.write(1, vectors(1, 1)), 'first must be a row from 0 to 0, got 1'],
  ])('refuses %s', async (_what, act, rule) => {
    const search = open({ capacity: 5 });
    expect(() => act(search)).toThrow(new InputError(`search: ${rule}`));
    await search.destroy();
  });

  it.each([
    [{ dimension: 0 }, 'dimension must be an integer in 1..65536, got 0'],
    [{ capacity: 2 ** 25 }, 'capacity must be an integer in 1..16777216, got 33554432'],
    [{ k: 65 }, 'k must be an integer in 1..64, got 65'],
    [{ batch: 0 }, 'batch must be an integer in 1..1024, got 0'],
  ])('refuses %o', (options, rule) => {
    expect(() => open(options)).toThrow(new InputError(`search: ${rule}`));
  });
});
