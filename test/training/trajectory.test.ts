// Ten steps against PyTorch (test/fixtures/make-training-trajectory.py), of the float64 references and of the GPU.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compare, TOLERANCE_FACTOR } from '../../harness/check.js';
import { uniform } from '../../src/base/random.js';
import { UNIT_ROUNDOFF } from '../../src/base/tolerance.js';
import { TensorStore } from '../../src/gpu/store.js';
import { batchNorm, runningStatisticsDispatch } from '../../src/kernels/batch-norm.js';
import { batchStatistics } from '../../src/kernels/batch-statistics.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import { l2Normalize } from '../../src/kernels/l2-normalize.js';
import { flatten, linear } from '../../src/kernels/linear.js';
import { type AdamState, adamStart } from '../../src/reference/adam.js';
import { adamWBound, adamWReference, clipReference } from '../../src/reference/adamw.js';
import { map, type NdArray, ndarray } from '../../src/reference/array.js';
import { batchNormReference, batchStatisticsReference } from '../../src/reference/batch-norm.js';
import { conv2dReference } from '../../src/reference/conv2d.js';
import { l2NormalizeReference } from '../../src/reference/l2-normalize.js';
import { flattenReference, linearReference } from '../../src/reference/linear.js';
import { pairwiseDistancesReference } from '../../src/reference/pairwise-distances.js';
import { weightedAddReference } from '../../src/reference/pointwise.js';
import { squaredErrorReference } from '../../src/reference/squared-error.js';
import {
  mineNegativesReference,
  tripletCountsReference,
  tripletLossReference,
} from '../../src/reference/triplet.js';
import {
  cosineDistillation,
  learningRateAt,
  type RecordGraph,
  recordTriplets,
  type Schedule,
  TrainableWeights,
  Trainer,
  weightedSum,
  ZEROS,
} from '../../src/training/index.js';
import { useDevice } from '../kernels/shared.js';
import { ReferenceTape } from './reference-tape.js';

interface Fixture {
  readonly options: Readonly<
    Record<'steps' | 'rate' | 'warmup' | 'decay' | 'clip' | 'average' | 'margin' | 'teacher', number>
  >;
  readonly labels: number[];
  readonly batches: number[][];
  readonly teacher: number[];
  readonly weights: Readonly<
    Record<string, { shape: number[]; first: number[]; last: number[]; average: number[] }>
  >;
  readonly running: number[];
  readonly trace: Readonly<Record<'loss' | 'triplets' | 'teacher' | 'norm', number[]>>;
}

const fixture = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/training-trajectory.json'), 'utf8'),
) as Fixture;
const { options: o, labels } = fixture;
const NAMES = Object.keys(fixture.weights);
const X = [6, 3, 7, 6];
const CONV1 = { stride: 1, pad: 1 };
const CONV2 = { stride: 2, pad: 0, relu: true };
const NORM = { epsilon: 1e-5, rectify: true };
const PIXELS = X[0]! * X[2]! * X[3]!;
const schedule: Schedule = { kind: 'cosine', rate: o.rate, steps: o.steps, warmup: o.warmup };

/** Everything that is compared, by name. */
type Run = Record<string, ArrayLike<number>>;

const golden: Run = {
  ...fixture.trace,
  running: fixture.running,
  ...Object.fromEntries(NAMES.map((name) => [name, fixture.weights[name]!.last])),
  ...Object.fromEntries(NAMES.map((name) => [`${name} (average)`, fixture.weights[name]!.average])),
};

/** In float64; `noise` and `roundoff` as ReferenceTape takes them. */
function trainReference(noise?: () => number, roundoff = UNIT_ROUNDOFF): Run {
  const trace = {
    loss: [] as number[],
    triplets: [] as number[],
    teacher: [] as number[],
    norm: [] as number[],
  };
  const teacher = ndarray([6, 7], fixture.teacher);
  let running = ndarray([2, 4], [0, 0, 0, 0, 1, 1, 1, 1]);
  let states = NAMES.map((name): AdamState => adamStart(Float64Array.from(fixture.weights[name]!.first)));
  for (let step = 1; step <= o.steps; step++) {
    const tape = new ReferenceTape(noise, roundoff);
    const w = Object.fromEntries(
      NAMES.map((name, i) => [name, ndarray(fixture.weights[name]!.shape, states[i]!.x)]),
    );
    const x = ndarray(X, fixture.batches[(step - 1) % 2]!);
    const z = tape.record(conv2dReference, { x, weight: w['conv1.weight']! }, CONV1);
    const statistics = tape.record(batchStatisticsReference, { x: z }, {});
    running = map(
      running,
      (value, i) => 0.9 * value + 0.1 * statistics.data[i]! * (i < 4 ? 1 : PIXELS / (PIXELS - 1)),
    );
    const normed = { x: z, statistics, gamma: w['norm.gamma']!, beta: w['norm.beta']! };
    const h = tape.record(batchNormReference, normed, NORM);
    const second = { x: h, weight: w['conv2.weight']!, bias: w['conv2.bias']! };
    const flat = tape.record(flattenReference, { x: tape.record(conv2dReference, second, CONV2) }, {});
    const last = { x: flat, weight: w['fc.weight']!, bias: w['fc.bias']! };
    const rows = tape.record(l2NormalizeReference, { x: tape.record(linearReference, last, {}) }, {});
    const distances = tape.record(pairwiseDistancesReference, { x: rows }, {});
    const attrs = { mode: 'hard', margin: o.margin, seed: 0 } as const;
    const negatives = mineNegativesReference.forward({ distances, labels: ndarray([6], labels) }, attrs);
    const counts = tripletCountsReference.forward({ distances, negatives }, attrs);
    const mean = { margin: o.margin, mean: 'valid' } as const;
    const triplets = tape.record(tripletLossReference, { distances, negatives, counts }, mean);
    const student = tape.record(l2NormalizeReference, { x: rows }, {});
    const target = l2NormalizeReference.forward({ x: teacher }, {});
    const distilled = tape.record(squaredErrorReference, { x: student, target }, { scale: 1 / 12 });
    const loss = tape.record(
      weightedAddReference,
      { a: triplets, b: distilled },
      { alpha: 1, beta: o.teacher },
    );

    const gradients = tape.backward(
      loss,
      NAMES.map((name) => w[name]!),
    );
    const { norm, factor } = clipReference(
      gradients.map(({ data }) => data),
      o.clip,
    );
    trace.loss.push(loss.data[0]!);
    trace.triplets.push(triplets.data[0]!);
    trace.teacher.push(distilled.data[0]!);
    trace.norm.push(norm);
    states = states.map((state, i) => {
      const weightDecay = fixture.weights[NAMES[i]!]!.shape.length > 1 ? o.decay : 0;
      const p = {
        learningRate: learningRateAt(schedule, step),
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weightDecay,
        decay: o.average,
      };
      const g = gradients[i]!.data.map((value) => value * factor);
      const after = adamWReference(state, g, step, p);
      const none = adamStart(new Float64Array(g.length));
      const bound = adamWBound(state, none, g, step, p, { count: 568, isScaled: factor !== 1 });
      const rough = (key: keyof AdamState) =>
        tape.rough(ndarray([g.length], after[key]), () => ({
          magnitude: ndarray([g.length], bound[key]),
          terms: 1,
        })).data;
      return { x: rough('x'), m: rough('m'), v: rough('v'), average: rough('average') };
    });
  }
  const correction = 1 - o.average ** o.steps;
  return {
    ...trace,
    running: running.data,
    ...Object.fromEntries(NAMES.map((name, i) => [name, states[i]!.x])),
    ...Object.fromEntries(
      NAMES.map((name, i) => [`${name} (average)`, states[i]!.average.map((value) => value / correction)]),
    ),
  };
}

const gpu = useDevice();

async function trainOnGpu(): Promise<Run> {
  const store = new TensorStore(gpu.device);
  const record: RecordGraph = ({ tape, weights, inputs }) => {
    const get = (name: string) => weights.get(name);
    const z = tape.record(conv2d, 'conv1', { x: inputs.x!, weight: get('conv1.weight') }, CONV1);
    const statistics = tape.record(batchStatistics, 'norm.statistics', { x: z }, {});
    const running = { statistics, running: get('norm.running') };
    tape.emit(runningStatisticsDispatch('norm', tape.target, running, { momentum: 0.1, pixels: PIXELS }));
    const normed = { x: z, statistics, gamma: get('norm.gamma'), beta: get('norm.beta') };
    const h = tape.record(batchNorm, 'norm', normed, NORM);
    const second = { x: h, weight: get('conv2.weight'), bias: get('conv2.bias') };
    const flat = tape.record(flatten, 'flat', { x: tape.record(conv2d, 'conv2', second, CONV2) }, {});
    const last = { x: flat, weight: get('fc.weight'), bias: get('fc.bias') };
    const rows = tape.record(l2Normalize, 'rows', { x: tape.record(linear, 'fc', last, {}) }, {});
    const triplets = recordTriplets(
      tape,
      'triplets',
      { embeddings: rows, labels: inputs.labels! },
      { margin: o.margin, mine: 'hard', mean: 'valid' },
    ).loss;
    const distilled = cosineDistillation(tape, 'teacher', rows, inputs.teacher!);
    const loss = weightedSum(tape, 'loss', [
      [triplets, 1],
      [distilled, o.teacher],
    ]);
    return { loss, metrics: { triplets, teacher: distilled } };
  };
  try {
    const specs = NAMES.map((name) => ({ name, shape: fixture.weights[name]!.shape, init: ZEROS }));
    const running = { name: 'norm.running', shape: [2, 4], init: ZEROS, role: 'statistic' } as const;
    const weights = new TrainableWeights(store, [...specs, running], 0);
    const values = new Map(
      NAMES.map((name) => [
        name,
        { shape: fixture.weights[name]!.shape, values: Float32Array.from(fixture.weights[name]!.first) },
      ]),
    );
    values.set('norm.running', { shape: [2, 4], values: Float32Array.of(0, 0, 0, 0, 1, 1, 1, 1) });
    weights.write(store, values, { complete: true });
    const trainer = await Trainer.create(store, weights, record, {
      inputs: { x: X, labels: [6], teacher: [6, 7] },
      schedule,
      weightDecay: o.decay,
      clipNorm: o.clip,
      averageDecay: o.average,
    });
    const trace = {
      loss: [] as number[],
      triplets: [] as number[],
      teacher: [] as number[],
      norm: [] as number[],
    };
    for (let step = 1; step <= o.steps; step++) {
      await trainer.step({ x: fixture.batches[(step - 1) % 2]!, labels, teacher: fixture.teacher });
      const { loss, metrics, gradientNorm } = await trainer.report();
      trace.loss.push(loss);
      trace.triplets.push(metrics.triplets![0]!);
      trace.teacher.push(metrics.teacher![0]!);
      trace.norm.push(gradientNorm);
    }
    const [now, averages] = [await weights.read(store), await trainer.averages()];
    trainer.destroy();
    return {
      ...trace,
      running: now.get('norm.running')!.values,
      ...Object.fromEntries(NAMES.map((name) => [name, now.get(name)!.values])),
      ...Object.fromEntries(NAMES.map((name) => [`${name} (average)`, averages.get(name)!.values])),
    };
  } finally {
    store.destroy();
  }
}

/** As for L-BFGS (docs/numerics.md): eight times what eight runs with roundings deviate at most. */
const NOISY_RUNS = 8;
const SAFETY = 8;

/** By name, the largest deviation of runs that round every result to `roundoff`, times SAFETY. */
function tolerances(roundoff: number): Record<string, number> {
  const expected = trainReference();
  let calls = 0;
  const noisy = Array.from({ length: NOISY_RUNS }, () =>
    trainReference(() => 2 * uniform(5, calls++) - 1, roundoff),
  );
  return Object.fromEntries(
    Object.entries(expected).map(([name, values]) => {
      const deviations = noisy.flatMap((run) =>
        Array.from(run[name]!, (value, i) => Math.abs(value - values[i]!)),
      );
      return [name, SAFETY * deviations.reduce((a, b) => Math.max(a, b), 0)];
    }),
  );
}

function expectClose(actual: Run, tolerance: Record<string, number>): void {
  for (const [name, values] of Object.entries(golden)) {
    const wanted: NdArray = ndarray([values.length], values);
    const magnitude = map(wanted, () => tolerance[name]! / (TOLERANCE_FACTOR * UNIT_ROUNDOFF));
    const result = compare(name, actual[name]!, wanted, { magnitude, terms: 1 });
    expect(result.ok, result.report).toBe(true);
  }
}

it('the references take the steps that PyTorch takes, both in float64', () => {
  const tolerance = tolerances(2 ** -53);
  const actual = trainReference();
  expectClose(actual, tolerance);
  expect(Math.max(...Object.values(tolerance))).toBeLessThan(1e-9);
});

it('the GPU takes the steps that PyTorch takes in float64, up to its roundings', async () => {
  const tolerance = tolerances(UNIT_ROUNDOFF);
  const actual = await trainOnGpu();
  expectClose(actual, tolerance);
  // A weight that missed a step, or decay, would be seen.
  for (const name of NAMES) expect(tolerance[name], name).toBeLessThan(o.rate * o.decay);
});
