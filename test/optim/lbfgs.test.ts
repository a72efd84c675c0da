import { describe, expect, it } from 'vitest';
import {
  deviation,
  type Gradient,
  lbfgsFamily,
  quadratic,
  roundingBounds,
  trajectory,
} from '../../harness/cases/lbfgs.js';
import { KernelError } from '../../src/base/errors.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { dryStore, TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { matmul } from '../../src/kernels/matmul.js';
import { squaredError } from '../../src/kernels/squared-error.js';
import { Lbfgs, type LbfgsOptions } from '../../src/optim/lbfgs.js';
import { LbfgsReference } from '../../src/reference/lbfgs.js';
import { checkStepFamily, useDevice } from '../kernels/shared.js';

type Vector = Float64Array;

const STEPS = 15;
const gpu = useDevice();

/** Rosenbrock's function (1960) of two variables: minimum 0 at (1, 1). */
const rosenbrock: Gradient = ([x, y]) =>
  Float64Array.of(-2 * (1 - x!) - 400 * x! * (y! - x! * x!), 200 * (y! - x! * x!));

/** The optimiser on the GPU with gradients computed here from the rounded x. */
async function onGpu(
  options: LbfgsOptions,
  start: Vector,
  gradient: Gradient,
  steps: number,
  shape: readonly number[] = [start.length],
): Promise<Vector[]> {
  const store = new TensorStore(gpu.device);
  try {
    const x = store.pin(tensor('x', shape, { lifetime: 'pinned' }), start);
    const g = store.pin(tensor('g', shape, { lifetime: 'pinned' }));
    const tape = new Tape(gpu.device.target);
    const optimizer = new Lbfgs(store, options);
    optimizer.record(tape, x, g);
    const program = await Program.compile(store, tape.dispatches);
    const visited: Vector[] = [];
    let at = Float64Array.from(Float32Array.from(start));
    for (let step = 1; step <= steps; step++) {
      store.write(g, gradient(at));
      optimizer.beforeStep(program, step);
      if (step === 1) program.runPoisoned();
      else program.run();
      at = Float64Array.from(await store.read(x));
      visited.push(at);
    }
    program.destroy();
    return visited;
  } finally {
    store.destroy();
  }
}

const problems = [
  ['a badly scaled quadratic', quadratic(60), { history: 5, learningRate: 1 }],
  [
    'a badly scaled quadratic, clamped',
    quadratic(60),
    { history: 5, learningRate: 0.7, clamp: [-0.5, 0.8] as const },
  ],
  [
    'Rosenbrock',
    { start: Float64Array.of(-0.5, 0.5), gradient: rosenbrock },
    { history: 4, learningRate: 0.5 },
  ],
] as const;

checkStepFamily(lbfgsFamily);

describe('the reference', () => {
  it('takes its first step by hand', () => {
    // g = (3, -1): |g|_1 = 4, so the step is -g/4 times the learning rate.
    const reference = new LbfgsReference({ history: 3, learningRate: 2, form: 'vectors' });
    expect([...reference.step(Float64Array.of(1, 1), Float64Array.of(3, -1))]).toEqual([-0.5, 1.5]);
  });

  it('reaches the minimum of a parabola in its second step', () => {
    // f = x^2 from 4: g = 8, x = 3 after min(1, 1/8) * 8; then y/s = 2 is the curvature, and Newton's step is exact.
    const [first, second] = trajectory(
      { history: 3, learningRate: 1, form: 'vectors' },
      Float64Array.of(4),
      ([x]) => Float64Array.of(2 * x!),
      2,
    );
    expect([first![0], second![0]]).toEqual([3, 0]);
  });

  it.each(problems)(
    'is the same over vectors and over coefficients: %s',
    (_, { start, gradient }, options) => {
      const vectors = trajectory({ ...options, form: 'vectors' }, start, gradient, STEPS);
      const coefficients = trajectory({ ...options, form: 'coefficients' }, start, gradient, STEPS);
      for (const [step, x] of vectors.entries()) expect(deviation(x, coefficients[step]!)).toBeLessThan(1e-8);
    },
  );
});

describe('Lbfgs', () => {
  it.each(problems)('follows the reference: %s', async (_, { start, gradient }, options) => {
    const exact = trajectory({ ...options, form: 'vectors' }, start, gradient, STEPS);
    const actual = await onGpu(options, start, gradient, STEPS);
    const allowed = roundingBounds(options, start, gradient, exact);
    for (const [step, x] of actual.entries()) {
      expect(deviation(x, exact[step]!), `step ${step + 1}`).toBeLessThanOrEqual(allowed[step]!);
    }
  });

  it('minimises a badly scaled quadratic recorded on the tape', async () => {
    const n = 12;
    const store = new TensorStore(gpu.device);
    const scales = Float64Array.from({ length: n }, (_, i) => 10 ** (-i / (n - 1)));
    const matrix = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? scales[i % n]! : 0));
    const x = store.pin(tensor('x', [1, n], { lifetime: 'pinned' }));
    const a = store.pin(tensor('a', [n, n], { constant: true }), matrix);
    const target = store.pin(tensor('target', [1, n], { constant: true }), scales);
    const tape = new Tape(gpu.device.target);
    const y = tape.record(matmul, 'y', { a: x, b: a }, {});
    const loss = tape.record(squaredError, 'loss', { x: y, target }, { scale: 0.5 });
    const optimizer = new Lbfgs(store, { history: 10, learningRate: 1 });
    optimizer.record(tape, x, tape.backward(loss, [x]).get(x)!);
    const program = await Program.compile(store, tape.dispatches, { keep: [loss] });
    for (let step = 1; step <= 60; step++) program.run();
    // The minimiser is 1 throughout; the condition is 100, float32 leaves the gradient, not x, exact.
    for (const value of await store.read(x)) expect(Math.abs(value - 1)).toBeLessThan(1e-4);
    expect((await program.read(loss))[0]).toBeLessThan(1e-9);
    program.destroy();
    store.destroy();
  });

  it('finds the minimum of Rosenbrock', async () => {
    const path = await onGpu({ history: 5, learningRate: 0.5 }, Float64Array.of(-0.5, 0.5), rosenbrock, 120);
    expect(deviation(path.at(-1)!, Float64Array.of(1, 1))).toBeLessThan(1e-3);
  });

  it('is deterministic, and the same to the bit with its history split over several buffers', async () => {
    const { start, gradient } = quadratic(60);
    const options = { history: 5, learningRate: 1 };
    const once = await onGpu(options, start, gradient, 12, [1, 3, 4, 5]);
    const again = await onGpu(options, start, gradient, 12, [1, 3, 4, 5]);
    expect(again).toEqual(once);
    // Two slots a buffer: 6 x 7 pixels of 16 bytes each.
    const split = await onGpu(
      { ...options, bindingBytes: 2 * 6 * 7 * 16 },
      start,
      gradient,
      12,
      [1, 3, 4, 5],
    );
    expect(split).toEqual(once);
  });

  it('goes on to the bit from the tensors of its state', async () => {
    const { start, gradient } = quadratic(30);
    const run = async (
      store: TensorStore,
      saved: Map<string, Float32Array> | undefined,
      from: Vector,
      steps: number,
    ) => {
      const x = store.pin(tensor('x', [30], { lifetime: 'pinned' }), from);
      const g = store.pin(tensor('g', [30], { lifetime: 'pinned' }));
      const tape = new Tape(gpu.device.target);
      const optimizer = new Lbfgs(store, { history: 3, learningRate: 1 });
      optimizer.record(tape, x, g);
      for (const [name, values] of saved ?? []) store.write(optimizer.state().get(name)!, values);
      const program = await Program.compile(store, tape.dispatches);
      for (let step = 0; step < steps; step++) {
        store.write(g, gradient(Float64Array.from(await store.read(x))));
        program.run();
      }
      const state = new Map<string, Float32Array>();
      for (const [name, t] of optimizer.state() as ReadonlyMap<string, Tensor>)
        state.set(name, await store.read(t));
      const end = Float64Array.from(await store.read(x));
      program.destroy();
      store.destroy();
      return { state, end };
    };
    const whole = await run(new TensorStore(gpu.device), undefined, start, 10);
    const half = await run(new TensorStore(gpu.device), undefined, start, 6);
    const rest = await run(new TensorStore(gpu.device), half.state, half.end, 4);
    expect(rest.end).toEqual(whole.end);
  });

  it('does not keep a pair without curvature', async () => {
    // A linear function: y = 0 always, every step is -g times the learning rate after the first.
    const gradient: Gradient = () => Float64Array.of(0.25, -0.25, 0.5);
    const path = await onGpu({ history: 2, learningRate: 1 }, new Float64Array(3), gradient, 4);
    expect(path.map((x) => [...x])).toEqual([1, 2, 3, 4].map((k) => [-0.25 * k, 0.25 * k, -0.5 * k]));
  });

  it.each([
    [{ history: 0, learningRate: 1 }, 'lbfgs: history must be a positive integer, got 0'],
    [{ history: 5, learningRate: 0 }, 'lbfgs: the learning rate must be positive, got 0'],
    [
      { history: 5, learningRate: 1, clamp: [0.1, 1] as const },
      'lbfgs: the clamp range [0.1,1] must contain 0',
    ],
  ])('refuses %j', (options, message) => {
    expect(() => new Lbfgs(dryStore, options)).toThrow(new KernelError(message));
  });
});
