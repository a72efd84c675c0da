import { expect, it } from 'vitest';
import { matmulFamily } from '../../harness/cases/matmul.js';
import { compare } from '../../harness/check.js';
import { ShapeError } from '../../src/base/errors.js';
import { normal } from '../../src/base/random.js';
import { tensor } from '../../src/base/tensor.js';
import type { Target } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { matmul, matmulDispatch, transposeDispatch } from '../../src/kernels/matmul.js';
import { abs, map, type NdArray, ndarray } from '../../src/reference/array.js';
import { matmulReference, product, transposed } from '../../src/reference/matmul.js';
import { checkFamily, useDevice } from './shared.js';

it('matmul by hand', () => {
  const inputs = { a: ndarray([2, 2], [1, 2, 3, 4]), b: ndarray([2, 1], [5, 6]) };
  const y = matmulReference.forward(inputs, {});
  expect([...y.data]).toEqual([17, 39]);
  const dy = ndarray([2, 1], [1, -1]);
  expect([...matmulReference.backward.a!(inputs, y, dy, {}).data]).toEqual([5, 6, -5, -6]);
  expect([...matmulReference.backward.b!(inputs, y, dy, {}).data]).toEqual([-2, -2]);
});

it('names the extents that do not fit', () => {
  expect(() => matmul.output({ a: [2, 3], b: [4, 5] }, {}, 'm')).toThrow(
    new ShapeError('matmul at m: a.shape[1] (3) must equal b.shape[0] (4); a [2,3], b [4,5]'),
  );
  expect(() => matmul.output({ a: [3], b: [3, 5] }, {}, 'm')).toThrow(
    new ShapeError('matmul at m: both inputs must be matrices; a [3], b [3,5]'),
  );
});

checkFamily(matmulFamily);

const gpu = useDevice();

const random = (shape: number[], seed: number) =>
  ndarray(
    shape,
    Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => normal(seed, i)),
  );

/** By the tiles of threads for a CPU or a GPU, and by those of a GPU's workgroups. */
const ways: [string, Partial<Target>][] = [
  ['tiles of a CPU', { cpu: true, subgroupSize: 0 }],
  ['tiles of a CPU with subgroups', { cpu: true }],
  ['tiles of a GPU', { cpu: false, choices: { matmul: { '*': 'registers' } } }],
  ['shared tiles of 64', { cpu: false, choices: { matmul: { '*': 'tiled/64x64' } } }],
  ['shared tiles of 32', { cpu: false, choices: { matmul: { '*': 'tiled/32x32' } } }],
];

/** -2 a b + 3 I against float64. */
async function check(
  at: NdArray,
  b: NdArray,
  way: Partial<Target>,
  symmetric: boolean,
): Promise<Float32Array> {
  const store = new TensorStore(gpu.device);
  const pin = (name: string, values: NdArray) =>
    store.pin(tensor(name, values.shape, { lifetime: 'pinned' }), values.data);
  const [M, N] = [at.shape[1]!, b.shape[1]!];
  const y = tensor('y', [M, N]);
  const target = { ...gpu.device.target, ...way };
  const options = { alpha: -2, diagonal: 3, symmetric };
  const list = [matmulDispatch('matmul', target, { at: pin('at', at), b: pin('b', b), y }, options)];
  const program = await Program.compile(store, list, { keep: [y] });
  program.runPoisoned();
  const identity = (i: number) => (Math.floor(i / N) === i % N ? 3 : 0);
  const result = await program.read(y);
  const comparison = compare(
    'matmul',
    result,
    map(product(transposed(at), b), (value, i) => -2 * value + identity(i)),
    {
      magnitude: map(product(transposed(abs(at)), abs(b)), (value, i) => 2 * value + identity(i)),
      terms: at.shape[0]! + 1,
    },
  );
  expect(comparison.ok, comparison.report).toBe(true);
  program.destroy();
  store.destroy();
  return result;
}

it.each(ways)('scales and adds to the diagonal, %s', async (_, way) => {
  await check(random([23, 19], 1), random([23, 30], 2), way, false);
});

it.each(ways)('computes half of a symmetric product, %s', async (_, way) => {
  // at b with b = D at: symmetric but for rounding.
  const side = 69;
  const at = random([21, side], 3);
  const b = map(at, (value, i) => Math.fround(value * (1 + (Math.floor(i / side) % 5))));
  const y = await check(at, b, way, true);
  for (let i = 0; i < side; i++)
    for (let j = 0; j < i; j++) if (y[i * side + j] !== y[j * side + i]) expect([i, j]).toEqual('the same');
});

/** Of a batch, each item's product with another and with itself. */
it.each(ways)('multiplies matrices one by one, %s', async (_, way) => {
  const [items, K, M, N] = [3, 22, 62, 61];
  const store = new TensorStore(gpu.device);
  const pin = (name: string, values: NdArray) =>
    store.pin(tensor(name, values.shape, { lifetime: 'pinned' }), values.data);
  const [at, b] = [random([items * K, M], 5), random([items * K, N], 6)];
  const [y, own] = [tensor('y', [items * M, N]), tensor('own', [items * M, M])];
  const turned = tensor('turned', [items * N, M]);
  const target = { ...gpu.device.target, ...way };
  const pinned = { at: pin('at', at), b: pin('b', b) };
  const list = [
    matmulDispatch('products', target, { ...pinned, y }, { items }),
    matmulDispatch(
      'own',
      target,
      { at: pinned.at, b: pinned.at, y: own },
      { items, symmetric: true, alpha: 2 },
    ),
    transposeDispatch('turn', target, y, turned, items),
  ];
  const program = await Program.compile(store, list, { keep: [y, own, turned] });
  program.runPoisoned();
  const [products, squares, back] = await program.readAll([y, own, turned]);
  for (let item = 0; item < items; item++) {
    const part = (of: NdArray, rows: number, first = item * rows) =>
      ndarray([rows, of.shape[1]!], of.data.slice(first * of.shape[1]!, (first + rows) * of.shape[1]!));
    const [left, right] = [part(at, K), part(b, K)];
    const check = (name: string, values: Float32Array, rows: number, factor: number, other: NdArray) => {
      const width = other.shape[1]!;
      const result = compare(
        name,
        values.subarray(item * rows * width, (item + 1) * rows * width),
        map(product(transposed(left), other), (value) => factor * value),
        {
          magnitude: map(product(transposed(abs(left)), abs(other)), (value) => factor * value),
          terms: K + 1,
        },
      );
      expect(result.ok, result.report).toBe(true);
    };
    check('products', products!, M, 1, right);
    check('own', squares!, M, 2, left);
    for (let i = 0; i < M; i++)
      for (let j = 0; j < N; j++)
        if (back![(item * N + j) * M + i] !== products![(item * M + i) * N + j])
          expect([i, j]).toBe('turned');
  }
  program.destroy();
  store.destroy();
});
