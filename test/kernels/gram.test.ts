import { expect, it } from 'vitest';
import { gramFamily } from '../../harness/cases/gram.js';
import { compare } from '../../harness/check.js';
import { ShapeError } from '../../src/base/errors.js';
import { normal } from '../../src/base/random.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { PLAIN_TARGET, type Target } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { gram } from '../../src/kernels/gram.js';
import { ntReduceDispatches } from '../../src/kernels/nt-reduce.js';
import { ntTunable, tiledChunks } from '../../src/kernels/nt-reduce-tiled.js';
import { abs, type NdArray, ndarray, zeros } from '../../src/reference/array.js';
import { gramReference } from '../../src/reference/gram.js';
import { checkFamily, useDevice } from './shared.js';

it('gram by hand', () => {
  // F = (1 2 3; 0 1 -1): F F^T = (14 -1; -1 2), times 2.
  const x = ndarray([1, 2, 1, 3], [1, 2, 3, 0, 1, -1]);
  const y = gramReference.forward({ x }, { scale: 2 });
  expect([...y.data]).toEqual([28, -2, -2, 4]);
  const dx = gramReference.backward.x!({ x }, y, ndarray([2, 2], [1, 1, 0, 0]), { scale: 2 });
  expect([...dx.data]).toEqual([4, 10, 10, 2, 4, 6]);
});

it('refuses a batch', () => {
  expect(() => gram.output({ x: [2, 3, 4, 4] }, { scale: 1 }, 'relu1_1')).toThrow(
    new ShapeError('gram at relu1_1: statistics are those of one picture, x.shape[0] must be 1; x [2,3,4,4]'),
  );
});

checkFamily(gramFamily);

/** y[i,j] = sum_{n,p} a[n,i,p] * b[n,j,p] in float64. */
function product(a: NdArray, b: NdArray): NdArray {
  const [n, ca, h, w] = a.shape as unknown as [number, number, number, number];
  const cb = b.shape[1]!;
  const y = zeros([ca, cb]);
  for (let s = 0; s < n; s++)
    for (let i = 0; i < ca; i++)
      for (let j = 0; j < cb; j++)
        for (let p = 0; p < h * w; p++)
          y.data[i * cb + j]! += a.data[(s * ca + i) * h * w + p]! * b.data[(s * cb + j) * h * w + p]!;
  return y;
}

const gpu = useDevice();

async function run(a: NdArray, b: NdArray | undefined, change: Partial<Target>): Promise<Float32Array> {
  const { device } = gpu;
  const store = new TensorStore(device);
  try {
    const pin = (name: string, values: NdArray) =>
      store.pin(tensor(name, values.shape, { lifetime: 'pinned' }), values.data);
    const y = tensor('y', [a.shape[1]!, (b ?? a).shape[1]!]);
    const context = {
      target: { ...device.target, ...change },
      where: 'test',
      scratch: (name: string, shape: readonly number[]): Tensor => tensor(name, shape),
    };
    const inputs = b ? { a: pin('a', a), b: pin('b', b), y } : { a: pin('a', a), y };
    const program = await Program.compile(store, ntReduceDispatches('nt_reduce', context, inputs, 1), {
      keep: [y],
    });
    program.runPoisoned();
    const values = await program.read(y);
    program.destroy();
    return values;
  } finally {
    store.destroy();
  }
}

const random = (shape: number[], seed: number) =>
  ndarray(
    shape,
    Float32Array.from({ length: shape.reduce((p, e) => p * e, 1) }, (_, i) => normal(seed, i)),
  );

const targets: [string, Partial<Target>][] = [
  ['as the adapter is', {}],
  ['without subgroups', { subgroupSize: 0 }],
  [
    'without subgroups, as for a GPU',
    { subgroupSize: 0, cpu: false, choices: { gram: { '*': 'registers' } } },
  ],
  ['by tiles of 64', { cpu: false, choices: { gram: { '*': 'tiled/64x64' } } }],
  ['by tiles of 32', { cpu: false, choices: { gram: { '*': 'tiled/32x32' } } }],
];

it.each(targets)('nt_reduce of two operands and two samples, %s', async (_, target) => {
  const a = random([2, 11, 37, 70], 1);
  const b = random([2, 21, 37, 70], 2);
  const result = compare('nt_reduce', await run(a, b, target), product(a, b), {
    magnitude: product(abs(a), abs(b)),
    terms: 2 * 37 * 70,
  });
  expect(result.ok, result.report).toBe(true);
});

it('takes tiles on a GPU with channels to fill them, and none on a CPU rasteriser', () => {
  const first = (cpu: boolean, a: number) =>
    ntTunable({ ...PLAIN_TARGET, cpu }, { a, pixels: 4096 }).candidates;
  expect(first(true, 256)).toEqual(['registers']);
  expect([3, 32, 64].map((a) => first(false, a)[0])).toEqual(['registers', 'tiled/32x32', 'tiled/64x64']);
  // Few tiles: many ranges of pixels instead. Many: fewer, and never ranges that are hardly worth their sums.
  expect([tiledChunks(66049, 1), tiledChunks(66049, 36), tiledChunks(1156, 1)]).toEqual([258, 15, 4]);
});

it.each(targets)('nt_reduce of one operand is symmetric to the bit, %s', async (_, target) => {
  const a = random([1, 37, 19, 23], 3);
  const actual = await run(a, undefined, target);
  const result = compare('nt_reduce', actual, product(a, a), {
    magnitude: product(abs(a), abs(a)),
    terms: 19 * 23,
  });
  expect(result.ok, result.report).toBe(true);
  for (let i = 0; i < 37; i++)
    for (let j = 0; j < i; j++) expect(actual[i * 37 + j]).toBe(actual[j * 37 + i]);
});
