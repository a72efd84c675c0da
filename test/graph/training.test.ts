// Nets whose weights change: gradients to every parameter and Adam's steps, against float64.
import { expect, it } from 'vitest';
import { compare, TOLERANCE_FACTOR } from '../../harness/check.js';
import { normal, uniform } from '../../src/base/random.js';
import { type Shape, sizeOf } from '../../src/base/shape.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { UNIT_ROUNDOFF } from '../../src/base/tolerance.js';
import type { Device } from '../../src/gpu/device.js';
import { TensorStore } from '../../src/gpu/store.js';
import { hoistConstants } from '../../src/graph/liveness.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { batchNorm } from '../../src/kernels/batch-norm.js';
import { batchStatistics } from '../../src/kernels/batch-statistics.js';
import type { ConvAlgorithm } from '../../src/kernels/conv-algorithm.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import { squaredError } from '../../src/kernels/squared-error.js';
import { Adam } from '../../src/optim/adam.js';
import { type AdamState, adamReference, adamStart } from '../../src/reference/adam.js';
import {
  type Arrays,
  type Bound,
  map,
  type NdArray,
  ndarray,
  type ReferenceOp,
} from '../../src/reference/array.js';
import { batchNormReference, batchStatisticsReference } from '../../src/reference/batch-norm.js';
import { conv2dReference } from '../../src/reference/conv2d.js';
import { squaredErrorReference } from '../../src/reference/squared-error.js';
import { useDevice } from '../kernels/shared.js';

const gpu = useDevice();

const SHAPES = {
  x: [2, 5, 6, 7],
  weight1: [12, 5, 3, 3],
  gamma: [12],
  beta: [12],
  weight2: [6, 12, 3, 3],
  bias2: [6],
  target: [2, 6, 6, 7],
} as const;
type Name = keyof typeof SHAPES;

const PARAMETERS = ['weight1', 'gamma', 'beta', 'weight2', 'bias2'] as const;
const STEPS = 3;
const ADAM = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const NORM = { epsilon: 1e-5, rectify: true };
const LOSS = { scale: 1e-2 };

/** A batch, a target and small random weights, all exact in f32. */
function start(): Record<Name, NdArray> {
  const scale: Partial<Record<Name, number>> = { weight1: 0.2, weight2: 0.2 };
  const entries = (Object.entries(SHAPES) as [Name, Shape][]).map(([name, shape], stream) => {
    const values = Float32Array.from(
      { length: sizeOf(shape) },
      (_, i) => (scale[name] ?? 1) * normal(10 + stream, i),
    );
    return [name, ndarray(shape, values)];
  });
  return Object.fromEntries(entries) as Record<Name, NdArray>;
}

/** Losses of all steps and the parameters after the last. */
interface Run {
  readonly losses: number[];
  readonly parameters: Record<(typeof PARAMETERS)[number], NdArray>;
}

async function train(device: Device, algorithm: ConvAlgorithm): Promise<Run> {
  const store = new TensorStore(device);
  const values = start();
  const pinned = Object.fromEntries(
    (Object.keys(SHAPES) as Name[]).map((name) => {
      const layout = name.startsWith('weight') ? { layout: 'filter' as const } : {};
      const t = tensor(name, SHAPES[name], { lifetime: 'pinned', ...layout });
      return [name, store.pin(t, values[name].data)];
    }),
  ) as Record<Name, Tensor>;
  const tape = new Tape(device.target);
  const conv = { stride: 1, pad: 1, algorithm };
  const z = tape.record(conv2d, 'conv1', { x: pinned.x, weight: pinned.weight1 }, conv);
  const statistics = tape.record(batchStatistics, 'statistics', { x: z }, {});
  const { gamma, beta } = pinned;
  const h = tape.record(batchNorm, 'norm', { x: z, statistics, gamma, beta }, NORM);
  const y = tape.record(conv2d, 'conv2', { x: h, weight: pinned.weight2, bias: pinned.bias2 }, conv);
  const loss = tape.record(squaredError, 'loss', { x: y, target: pinned.target }, LOSS);
  const parameters = PARAMETERS.map((name) => pinned[name]);
  const gradients = tape.backward(loss, parameters);
  const optimizers = parameters.map((parameter) => {
    const adam = new Adam(store, ADAM);
    adam.record(tape, parameter, gradients.get(parameter)!);
    return adam;
  });
  // Weights that are written are no constants: their transforms and flips belong to every step.
  const { setup, step } = hoistConstants(tape.dispatches);
  expect(setup.filter(({ buffers }) => Object.values(buffers).some((t) => parameters.includes(t)))).toEqual(
    [],
  );
  expect(step.some(({ label }) => label.includes('(filter)'))).toBe(algorithm.startsWith('winograd'));
  const program = await Program.compile(store, tape.dispatches, { keep: [loss] });
  const losses: number[] = [];
  for (let t = 1; t <= STEPS; t++) {
    for (const adam of optimizers) adam.beforeStep(program, t);
    program.runPoisoned();
    losses.push((await program.read(loss))[0]!);
  }
  const read = await program.readAll(parameters);
  program.destroy();
  store.destroy();
  const after = PARAMETERS.map((name, i) => [name, ndarray(SHAPES[name], read[i]!)]);
  return { losses, parameters: Object.fromEntries(after) as Run['parameters'] };
}

/**
 * The same in float64. With `noise` (a number in -1..1 for each call) every result errs by that share of a quarter of
 * its bound, which is what roundings to f32 come to.
 */
function trainReference(algorithm: ConvAlgorithm, noise?: () => number): Run {
  const values = start();
  const rough = (a: NdArray, bound: () => Bound): NdArray => {
    if (!noise) return a;
    const { magnitude, terms } = bound();
    // What a rectifier closed stays closed.
    return map(a, (value, i) =>
      value === 0 ? 0 : value + noise() * Math.sqrt(terms) * UNIT_ROUNDOFF * magnitude.data[i]!,
    );
  };
  const run = <A>(op: ReferenceOp<A>, inputs: Arrays, attrs: A) =>
    rough(op.forward(inputs, attrs), () => op.forwardBound(inputs, attrs));
  const back = <A>(op: ReferenceOp<A>, name: string, inputs: Arrays, y: NdArray, dy: NdArray, attrs: A) =>
    rough(op.backward[name]!(inputs, y, dy, attrs), () => op.backwardBound[name]!(inputs, y, dy, attrs));
  const conv = { stride: 1, pad: 1, algorithm };
  const one = ndarray([1], [1]);
  let states = PARAMETERS.map((name): AdamState => adamStart(values[name].data));
  const losses: number[] = [];
  for (let t = 1; t <= STEPS; t++) {
    const p = Object.fromEntries(
      PARAMETERS.map((name, i) => [name, ndarray(SHAPES[name], states[i]!.x)]),
    ) as Record<(typeof PARAMETERS)[number], NdArray>;
    const first = { x: values.x, weight: p.weight1 };
    const z = run(conv2dReference, first, conv);
    const statistics = run(batchStatisticsReference, { x: z }, {});
    const middle = { x: z, statistics, gamma: p.gamma, beta: p.beta };
    const h = run(batchNormReference, middle, NORM);
    const last = { x: h, weight: p.weight2, bias: p.bias2 };
    const y = run(conv2dReference, last, conv);
    const error = { x: y, target: values.target };
    const loss = run(squaredErrorReference, error, LOSS);
    losses.push(loss.data[0]!);

    const dy = back(squaredErrorReference, 'x', error, loss, one, LOSS);
    const dh = back(conv2dReference, 'x', last, y, dy, conv);
    const through = (name: string) => back(batchNormReference, name, middle, h, dh, NORM);
    const [direct, dStatistics] = [through('x'), through('statistics')];
    const indirect = back(batchStatisticsReference, 'x', { x: z }, statistics, dStatistics, {});
    const dz = map(direct, (value, i) => value + indirect.data[i]!);
    const gradients = {
      weight1: back(conv2dReference, 'weight', first, z, dz, conv),
      gamma: through('gamma'),
      beta: through('beta'),
      weight2: back(conv2dReference, 'weight', last, y, dy, conv),
      bias2: back(conv2dReference, 'bias', last, y, dy, conv),
    };
    states = states.map((state, i) =>
      adamReference(state, gradients[PARAMETERS[i]!].data, t, { ...ADAM, decay: 0 }),
    );
  }
  const after = PARAMETERS.map((name, i) => [name, ndarray(SHAPES[name], states[i]!.x)]);
  return { losses, parameters: Object.fromEntries(after) as Run['parameters'] };
}

/** As for L-BFGS (docs/numerics.md): eight times what eight runs with roundings deviate at most. */
const NOISY_RUNS = 8;
const SAFETY = 8;

it.each(['direct', 'winograd2', 'winograd4'] as const)(
  'convolutions by %s and batch norm train as in float64',
  { timeout: 120_000 },
  async (algorithm) => {
    const actual = await train(gpu.device, algorithm);
    const expected = trainReference(algorithm);
    expect(expected.losses.at(-1)!).toBeLessThan(0.95 * expected.losses[0]!);
    let calls = 0;
    const noisy = Array.from({ length: NOISY_RUNS }, () =>
      trainReference(algorithm, () => 2 * uniform(5, calls++) - 1),
    );
    const check = (name: string, values: ArrayLike<number>, of: (run: Run) => NdArray, wrong: number) => {
      const wanted = of(expected);
      const deviation = noisy.reduce(
        (most, run) => of(run).data.reduce((m, v, i) => Math.max(m, Math.abs(v - wanted.data[i]!)), most),
        0,
      );
      // The largest of the tensor for each of its elements, in the units of `compare`.
      const magnitude = map(wanted, () => (SAFETY * deviation) / (TOLERANCE_FACTOR * UNIT_ROUNDOFF));
      const result = compare(name, values, wanted, { magnitude, terms: 1 });
      expect(result.ok, result.report).toBe(true);
      expect(SAFETY * deviation, name).toBeLessThan(wrong);
    };
    const lossesOf = (run: Run) => ndarray([STEPS], run.losses);
    check('losses', actual.losses, lossesOf, 0.01 * expected.losses[0]!);
    // A step that goes the wrong way would be seen.
    for (const name of PARAMETERS) {
      check(name, actual.parameters[name].data, (run) => run.parameters[name], ADAM.learningRate);
    }
  },
);
