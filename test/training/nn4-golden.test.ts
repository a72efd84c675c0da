// nn4.small2 in training mode against PyTorch (test/fixtures/make-nn4-training.py), in float64 and on the GPU: the gradients
// of both losses to every weight, running averages, and ten steps.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hash32 } from '../../src/base/random.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { PLAIN_TARGET, type Target } from '../../src/gpu/kernel.js';
import { dryStore, TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { type AdamState, adamStart } from '../../src/reference/adam.js';
import { adamWReference, clipReference } from '../../src/reference/adamw.js';
import { type NdArray, ndarray } from '../../src/reference/array.js';
import {
  FACE_LOSS_DEFAULTS,
  type FaceLoss,
  type FaceLossOptions,
  faceInputs,
  recordFaceTraining,
} from '../../src/training/face-graph.js';
import { learningRateAt, type Schedule } from '../../src/training/schedule.js';
import { Trainer } from '../../src/training/trainer.js';
import type { TrainableWeights } from '../../src/training/weights.js';
import { useDevice } from '../kernels/shared.js';
import { drawnBatch, drawnSpecs, drawnWeights, ThinWeights } from './nn4-drawn.js';
import { ReferenceGraph } from './reference-graph.js';

/** Golden numbers, and how far eight runs with roundings of either precision came from them. */
type Golden = Readonly<Record<'golden' | 'f32' | 'f64', readonly number[]>>;
type Table = Readonly<Record<string, Golden>>;
interface Fixture {
  readonly options: Readonly<
    Record<
      'seed' | 'samples' | 'margin' | 'steps' | 'rate' | 'thinRate' | 'thin' | 'warmup' | 'decay' | 'clip',
      number
    >
  >;
  readonly labels: number[];
  readonly gradients: Table;
  readonly thinSteps: Table;
  readonly steps: Table;
}

const {
  options: o,
  labels,
  ...golden
} = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/nn4-training.json'), 'utf8')) as Fixture;
const N = labels.length;
const SIDE = 96;

const losses = (loss: FaceLoss): FaceLossOptions => ({
  ...FACE_LOSS_DEFAULTS,
  loss,
  margin: o.margin,
  mine: 'hard',
});
const scheduleOf = (rate: number): Schedule => ({ kind: 'cosine', rate, steps: o.steps, warmup: o.warmup });

/**
 * What stands beside the golden values is the largest deviation of eight runs with roundings; eight times as much is allowed,
 * as for every trajectory. In float32 rectifiers, maxima or negatives that fall to their other side move the weights: some
 * steps on, two runs lie as far apart as any two, however small their roundings are.
 */
const SAFETY = 8;
/**
 * Of one gradient in float32: those falls move it by per cents in the noisy runs, so that eight times as much would be weak. The
 * GPU is a ninth such run, with errors that are smaller at every operation.
 */
const SINGLE_GRADIENT = 2;
/** Half a unit of the last of the fixture's 12 digits. */
const KEPT = 5e-12;

/** Names of `table` that `actual` does not meet, with the numbers. */
function misses(
  table: Table,
  actual: ReadonlyMap<string, ArrayLike<number>>,
  precision: 'f32' | 'f64',
  safety = SAFETY,
): string[] {
  return Object.entries(table).flatMap(([name, entry]) => {
    const values = actual.get(name);
    if (!values) return [`${name}: was not computed`];
    const errors = entry[precision];
    return entry.golden.flatMap((wanted, i) => {
      const allowed = safety * errors[Math.min(i, errors.length - 1)]! + KEPT * Math.abs(wanted);
      const miss = Math.abs(values[i]! - wanted);
      return miss <= allowed ? [] : [`${name}[${i}]: ${values[i]}, must be ${wanted} within ${allowed}`];
    });
  });
}

/** As the script samples a tensor. */
function sampled(values: ArrayLike<number>): number[] {
  const count = Math.min(o.samples, values.length);
  return Array.from({ length: count }, (_, i) => values[hash32(values.length, i) % values.length]!);
}

/** Length and sum of all values, then those that are sampled. */
function summary(values: ArrayLike<number>): number[] {
  const all = Array.from(values);
  const length = Math.sqrt(all.reduce((sum, value) => sum + value * value, 0));
  return [length, all.reduce((sum, value) => sum + value, 0), ...sampled(all)];
}

/** What `recordFaceTraining` records, for the references; inputs are filled in. */
function recordReference(share: number, loss: FaceLoss) {
  const tape = new Tape(PLAIN_TARGET);
  const specs = drawnSpecs(share);
  const weights = new ThinWeights(dryStore, specs, o.seed);
  const inputs = inputTensors(share, loss);
  const graph = recordFaceTraining(losses(loss))({ tape, weights, inputs });
  const batch: Readonly<Record<string, ArrayLike<number>>> = drawnBatch(labels, 128 / share);
  const given = new Map<Tensor, NdArray>();
  for (const [name, t] of Object.entries(inputs)) given.set(t, ndarray(t.shape, batch[name]!));
  for (const [name, { shape, values }] of drawnWeights(specs, o.seed))
    given.set(weights.get(name), ndarray(shape, values));
  return { tape, weights, graph, given };
}

function inputTensors(share: number, loss: FaceLoss): Record<string, Tensor> {
  const shapes = faceInputs(N, SIDE, loss);
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      tensor(name, name === 'teacher' ? [N, 128 / share] : shape, { lifetime: 'pinned' }),
    ]),
  );
}

const isRunning = (name: string) => name.endsWith('.running');

describe('nn4.small2 in training, in float64', { timeout: 600_000 }, () => {
  it('has the gradients of PyTorch', () => {
    const actual = new Map<string, number[]>();
    for (const loss of ['triplet', 'distil'] as const) {
      const { tape, weights, graph, given } = recordReference(1, loss);
      const run = new ReferenceGraph(tape).forward(given);
      actual.set(`${loss} loss`, [run.of(graph.loss).data[0]!]);
      const trained = weights.trained.map(({ tensor: t }) => t);
      for (const [i, gradient] of run.gradients(graph.loss, trained).entries())
        actual.set(`${loss} ${trained[i]!.name}`, summary(gradient.data));
      if (loss === 'triplet')
        for (const [name, { data }] of run.running())
          actual.set(`running ${name.replace('.running', '')}`, summary(data));
    }
    expect(actual.size).toBe(Object.keys(golden.gradients).length);
    expect(misses(golden.gradients, actual, 'f64')).toEqual([]);
  });

  it('takes ten steps of PyTorch with a sixteenth of the channels', () => {
    const { tape, weights, graph, given } = recordReference(o.thin, 'mixed');
    const reference = new ReferenceGraph(tape);
    const trace: Record<string, number[]> = { triplet: [], cosine: [], similarity: [], norm: [] };
    const trained = weights.trained.map(({ tensor: t }) => t);
    let states = trained.map((t): AdamState => adamStart(given.get(t)!.data));
    for (let step = 1; step <= o.steps; step++) {
      const run = reference.forward(given);
      const gradients = run.gradients(graph.loss, trained).map(({ data }) => data);
      const { norm, factor } = clipReference(gradients, o.clip);
      for (const [name, metric] of Object.entries(graph.metrics!)) trace[name]?.push(run.of(metric).data[0]!);
      trace.norm!.push(norm);
      states = states.map((state, i) =>
        adamWReference(
          state,
          gradients[i]!.map((value) => value * factor),
          step,
          {
            learningRate: learningRateAt(scheduleOf(o.thinRate), step),
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weightDecay: trained[i]!.shape.length > 1 ? o.decay : 0,
            decay: 0,
          },
        ),
      );
      for (const [name, data] of run.running()) given.set(weights.get(name), data);
      for (const [i, t] of trained.entries()) given.set(t, { shape: t.shape, data: states[i]!.x });
    }
    const now = weights.all.map(({ name, tensor: t }) => [name, given.get(t)!.data] as const);
    expect(misses(golden.thinSteps, endOf(trace, now), 'f64')).toEqual([]);
  });
});

/** Losses of the steps and what the weights were at the end, by the names of the fixture. */
function endOf(
  trace: Readonly<Record<string, number[]>>,
  weights: readonly (readonly [string, ArrayLike<number>])[],
): Map<string, number[]> {
  return new Map([
    ...Object.entries(trace).map(([name, values]) => [`trace ${name}`, values] as const),
    ...weights.map(([name, values]) => {
      const place = isRunning(name) ? `last running ${name.replace('.running', '')}` : `last ${name}`;
      return [place, sampled(values)] as const;
    }),
  ]);
}

describe('nn4.small2 in training, on the GPU', { timeout: 600_000 }, () => {
  const gpu = useDevice();
  const batch: Readonly<Record<string, ArrayLike<number>>> = drawnBatch(labels, 128);

  function weightsIn(store: TensorStore): TrainableWeights {
    const weights = new ThinWeights(store, drawnSpecs(1), o.seed);
    weights.write(store, drawnWeights(drawnSpecs(1), o.seed), { complete: true });
    return weights;
  }

  async function gradientsOf(
    store: TensorStore,
    target: Target,
    loss: FaceLoss,
  ): Promise<Map<string, number[]>> {
    const weights = weightsIn(store);
    const tape = new Tape(target);
    const inputs = inputTensors(1, loss);
    for (const [name, t] of Object.entries(inputs)) store.pin(t, batch[name]!);
    const graph = recordFaceTraining(losses(loss))({ tape, weights, inputs });
    const trained = weights.trained.map(({ tensor: t }) => t);
    const gradients = tape.backward(graph.loss, trained);
    const keep = [graph.loss, ...gradients.values()];
    const program = await Program.compile(store, tape.dispatches, { keep });
    program.run();
    const found = new Map<string, number[]>([[`${loss} loss`, Array.from(await program.read(graph.loss))]]);
    for (const t of trained) found.set(`${loss} ${t.name}`, summary(await program.read(gradients.get(t)!)));
    if (loss === 'triplet')
      for (const [name, { values }] of await weights.read(store))
        if (isRunning(name)) found.set(`running ${name.replace('.running', '')}`, summary(values));
    program.destroy();
    return found;
  }

  it('has the gradients of PyTorch in float64, up to its roundings', async () => {
    const actual = new Map<string, number[]>();
    for (const loss of ['triplet', 'distil'] as const) {
      const store = new TensorStore(gpu.device);
      for (const [name, values] of await gradientsOf(store, gpu.device.target, loss))
        actual.set(name, values);
      store.destroy();
    }
    expect(actual.size).toBe(Object.keys(golden.gradients).length);
    expect(misses(golden.gradients, actual, 'f32', SINGLE_GRADIENT)).toEqual([]);
  });

  it('takes ten steps of PyTorch in float64, up to its roundings', async () => {
    const store = new TensorStore(gpu.device);
    const weights = weightsIn(store);
    const trainer = await Trainer.create(store, weights, recordFaceTraining(losses('mixed')), {
      inputs: faceInputs(N, SIDE, 'mixed'),
      schedule: scheduleOf(o.rate),
      weightDecay: o.decay,
      clipNorm: o.clip,
    });
    const trace: Record<string, number[]> = { triplet: [], cosine: [], similarity: [], norm: [] };
    for (let step = 1; step <= o.steps; step++) {
      await trainer.step(batch);
      const { metrics, gradientNorm } = await trainer.report();
      for (const name of ['triplet', 'cosine', 'similarity']) trace[name]!.push(metrics[name]![0]!);
      trace.norm!.push(gradientNorm);
    }
    const now = [...(await weights.read(store))].map(([name, { values }]) => [name, values] as const);
    trainer.destroy();
    store.destroy();
    expect(misses(golden.steps, endOf(trace, now), 'f32')).toEqual([]);
  });
});
