// Gradients that a reader finishes in passing have the bits of those that are added and masked by themselves.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { normal } from '../../src/base/random.js';
import { type Shape, sizeOf } from '../../src/base/shape.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import type { MatrixShape, Target } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { weightedAddDispatch, weightedAddOp } from '../../src/kernels/arithmetic.js';
import type { ConvAlgorithm } from '../../src/kernels/conv-algorithm.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import { gram } from '../../src/kernels/gram.js';
import type { OpContext, OpSpec, Tensors } from '../../src/kernels/op.js';
import { avgPool2d, maxPool2d } from '../../src/kernels/pool2d.js';
import { reluBackwardDispatch } from '../../src/kernels/relu.js';
import { squaredError } from '../../src/kernels/squared-error.js';
import { useDevice } from '../kernels/shared.js';

const gpu = useDevice();
let store: TensorStore;
beforeEach(() => {
  store = new TensorStore(gpu.device);
});
afterEach(() => store.destroy());

const samples = (seed: number, shape: Shape) =>
  Float32Array.from({ length: sizeOf(shape) }, (_, i) => normal(seed, i));

const ALGORITHMS: readonly ConvAlgorithm[] = ['winograd4', 'winograd2', 'direct'];

/** Products of matrices in plain loops. */
const EMULATED: MatrixShape = { m: 16, n: 16, k: 16, subgroup: 32, emulated: true };

/** The op as one that leaves its gradients to others, or as it is. */
type Finishing = <A>(op: OpSpec<A>) => OpSpec<A>;
const asItIs: Finishing = (op) => op;
const leaving: Finishing = ({ finishes: _finishes, ...op }) => op;

/**
 * A chain of convolutions and poolings, tapped where a convolution, a pooling or nobody reads on; `x` and `tap`, whose
 * gradient is asked for as well, are differentiated.
 */
function record(target: Target, as: Finishing): { tape: Tape; keep: Tensor[] } {
  let seed = 0;
  const pinned = (name: string, shape: Shape, options: Parameters<typeof tensor>[2] = {}) =>
    store.pin(tensor(name, shape, { lifetime: 'pinned', ...options }), samples(++seed, shape));
  const tape = new Tape(target);
  const conv = (where: string, x: Tensor, k: number, changes: { stride?: number; window?: number } = {}) => {
    const { stride = 1, window = 3 } = changes;
    const weight = pinned(`${where}.weight`, [k, x.shape[1]!, window, window], { layout: 'filter' });
    const free = stride === 1 && window === 3;
    const algorithm = free ? ALGORITHMS[seed % ALGORITHMS.length] : undefined;
    const inputs = { x, weight, bias: pinned(`${where}.bias`, [k]) };
    return tape.record(as(conv2d), where, inputs, { stride, pad: (window - 1) / 2, relu: true, algorithm });
  };
  const style = (where: string, x: Tensor) => {
    const g = tape.record(as(gram), `gram.${where}`, { x }, { scale: 0.01 });
    const inputs = { x: g, target: pinned(`target.${where}`, g.shape) };
    return tape.record(squaredError, where, inputs, { scale: 1 });
  };
  const x = pinned('x', [1, 3, 30, 26]);
  const a = conv('a', x, 6);
  const b = conv('b', a, 9);
  const pooled = tape.record(as(maxPool2d), 'pooled', { x: b }, { window: 2, stride: 2, pad: 0 });
  const c = conv('c', pooled, 35);
  const d = conv('d', c, 33);
  const mean = tape.record(as(avgPool2d), 'mean', { x: d }, { window: 2, stride: 2, pad: 0 });
  const e = conv('e', mean, 7, { window: 1 });
  const f = conv('f', tape.record(as(maxPool2d), 'overlap', { x: e }, OVERLAP), 6, { window: 1 });
  const smooth = tape.record(as(avgPool2d), 'smooth', { x: f }, OVERLAP);
  const g = conv('g', conv('strided', smooth, 6, { stride: 2 }), 6, { stride: 2 });
  const losses = [
    style('la', a),
    style('lb', b),
    style('lc', c),
    tape.record(squaredError, 'ld', { x: d, target: pinned('content', d.shape) }, { scale: 0.3 }),
    style('ld2', d),
    style('lg', g),
  ];
  const loss = losses.reduce((sum, term, i) =>
    tape.record(weightedAddOp, `sum${i}`, { a: sum, b: term }, { alpha: 1, beta: 0.5 + i }),
  );
  const gradients = tape.backward(loss, [x, c]);
  return { tape, keep: [loss, gradients.get(x)!, gradients.get(c)!] };
}

const OVERLAP = { window: 3, stride: 2, pad: 1 };

const named = (tape: Tape, start: string) =>
  tape.dispatches.flatMap(({ label }) => (label.startsWith(start) ? [label.slice(start.length)] : []));
const masks = (tape: Tape) => named(tape, 'conv2d:mask at ');
const sums = (tape: Tape) => named(tape, 'gradient:add at ');

async function bits(tape: Tape, keep: readonly Tensor[]): Promise<Uint32Array[]> {
  const program = await Program.compile(store, tape.dispatches, { keep });
  try {
    program.runPoisoned();
    const results: Uint32Array[] = [];
    for (const t of keep) {
      const values = await program.read(t);
      expect(values.every(Number.isFinite)).toBe(true);
      expect(values.some((value) => value !== 0)).toBe(true);
      results.push(new Uint32Array(values.buffer, values.byteOffset, values.length));
    }
    return results;
  } finally {
    program.destroy();
  }
}

it('a finished gradient has the bits of one that is added and masked by itself', async () => {
  const alone = record(gpu.device.target, leaving);
  const expected = await bits(alone.tape, alone.keep);
  store.destroy();
  store = new TensorStore(gpu.device);
  const finished = record(gpu.device.target, asItIs);
  const actual = await bits(finished.tape, finished.keep);
  for (const [i, result] of actual.entries()) expect(result).toEqual(expected[i]);
  expect([masks(alone.tape), sums(alone.tape)]).toEqual([
    ['g', 'strided', 'f', 'e', 'd', 'c', 'b', 'a'],
    ['d', 'd', 'c', 'b', 'a'],
  ]);
  // The gradient of c is asked for as it is. Poolings and squared errors add nothing: d and b are added and masked alone.
  expect([masks(finished.tape), sums(finished.tape)]).toEqual([
    ['d', 'c', 'b'],
    ['d', 'd', 'b'],
  ]);
});

// What a GPU takes; llvmpipe would need minutes to compile it.
it.for(['tiled/32x32', 'matrix/16x16x16'] as const)(
  'a convolution by %s finishes its gradient with the same bits',
  async (algorithm, { skip }) => {
    const { cpu, f16 } = gpu.device.target;
    skip(cpu || (algorithm.startsWith('matrix') && !f16), 'needs a GPU');
    const target: Target = { ...gpu.device.target, precision: 'mixed', matrices: [EMULATED] };
    const [x, weight] = [tensor('x', [1, 6, 5, 7]), tensor('weight', [9, 6, 3, 3], { layout: 'filter' })];
    const pin = (t: Tensor, seed: number) => store.pin(t, samples(seed, t.shape));
    const pinned = { lifetime: 'pinned' } as const;
    const dy = pin(tensor('dy', [1, 9, 5, 7], pinned), 1);
    const [earlier, mask] = ['earlier', 'mask'].map((name, i) => pin(tensor(name, x.shape, pinned), 2 + i));
    const filter = pin(tensor('weight', weight.shape, { ...pinned, layout: 'filter' }), 4);
    const tape = new Tape(target);
    const context: OpContext = {
      target,
      where: 'conv',
      scratch: (name, shape, layout) => tensor(name, shape, layout ? { layout } : {}),
    };
    const rule = (dx: Tensor, finish: Tensors) =>
      tape.emit(
        ...conv2d.backward.x!(
          { dy, weight: filter, dx, ...finish },
          { stride: 1, pad: 1, algorithm },
          context,
        ),
      );
    const [plain, sum, expected, actual] = ['plain', 'sum', 'expected', 'actual'].map((name) =>
      tensor(name, x.shape),
    );
    rule(plain!, {});
    tape.emit(weightedAddDispatch('add', target, sum!, earlier!, 1, plain!, 1));
    tape.emit(reluBackwardDispatch('mask', target, mask!, sum!, expected!));
    rule(actual!, { earlier: earlier!, mask: mask! });
    const [alone, finished] = await bits(tape, [expected!, actual!]);
    expect(finished).toEqual(alone);
  },
);
