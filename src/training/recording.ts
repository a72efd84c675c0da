// A training as lists of dispatches: what runs for each batch and what updates the weights. Needs no GPU.
import { KernelError } from '../base/errors.js';
import { sizeOf } from '../base/shape.js';
import { type Tensor, tensor } from '../base/tensor.js';
import type { Dispatch, Target } from '../gpu/kernel.js';
import { dryStore, type PinStore } from '../gpu/store.js';
import { planProgram } from '../graph/constants.js';
import type { MemoryPlan } from '../graph/liveness.js';
import { Tape } from '../graph/tape.js';
import { accumulateDispatch } from '../kernels/gradients.js';
import { AdamW } from '../optim/adamw.js';
import { checkSchedule, learningRateAt } from './schedule.js';
import type { RecordGraph, TrainerOptions, TrainingGraph } from './types.js';
import { TrainableWeights, type WeightSpec } from './weights.js';

/** What a training runs, with the tensors that it is fed and read by. */
export interface Recording {
  readonly graph: TrainingGraph;
  readonly optimizer: AdamW;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** For each batch. With one batch to a step, the update too. */
  readonly batch: readonly Dispatch<Tensor>[];
  /** With several: the update, once behind them all. */
  readonly update: readonly Dispatch<Tensor>[] | undefined;
  /** What is read back of a step, `loss` first. With several batches their sums. */
  readonly reported: ReadonlyMap<string, Tensor>;
}

/** The label of the dispatches that add up what is reported. */
export const REPORT_SUMS = 'training:report';

/** Most values of a tensor that is reported: it is read with the loss. */
const MOST_REPORTED = 65536;

/**
 * Records forward pass, losses, gradients and update of a training, and pins in `store` what it needs besides the weights.
 * InputError, ShapeError or KernelError where it cannot be.
 */
export function recordTraining(
  store: PinStore,
  target: Target,
  weights: TrainableWeights,
  record: RecordGraph,
  options: TrainerOptions,
): Recording {
  const { schedule, accumulate = 1 } = options;
  checkSchedule(schedule);
  const optimizer = new AdamW(store, {
    ...optimizerOptions(options),
    learningRate: (step) => learningRateAt(schedule, step),
  });
  const inputs = Object.fromEntries(
    Object.entries(options.inputs).map(([name, given]): [string, Tensor] => [
      name,
      'id' in given ? given : store.pin(tensor(name, given, { lifetime: 'pinned' })),
    ]),
  );
  const tape = new Tape(target);
  const graph = record({ tape, weights, inputs });
  const gradients = tape.backward(
    graph.loss,
    weights.trained.map(({ tensor: t }) => t),
  );
  const trained = weights.trained.map(({ tensor: parameter, rate, role }) => ({
    parameter,
    gradient: gradients.get(parameter)!,
    rate,
    decays: role === 'kernel',
  }));
  const values = reportedTensors(graph);
  if (accumulate === 1) {
    optimizer.recordAll(tape, trained);
    return { graph, optimizer, inputs, batch: tape.dispatches, update: undefined, reported: values };
  }
  const sums = optimizer.accumulate(tape, trained);
  const reported = new Map<string, Tensor>();
  for (const [name, t] of values) {
    const sum = store.pin(tensor(`${name} (sum)`, t.shape, { layout: t.layout, lifetime: 'pinned' }));
    tape.emit(accumulateDispatch(REPORT_SUMS, target, t, sum));
    reported.set(name, sum);
  }
  const update = new Tape(target);
  optimizer.recordAll(
    update,
    trained.map((w, i) => ({ ...w, gradient: sums[i]! })),
  );
  return { graph, optimizer, inputs, batch: tape.dispatches, update: update.dispatches, reported };
}

/** The options that the optimiser takes as they are. */
function optimizerOptions(o: TrainerOptions) {
  return {
    ...(o.beta1 === undefined ? {} : { beta1: o.beta1 }),
    ...(o.beta2 === undefined ? {} : { beta2: o.beta2 }),
    ...(o.epsilon === undefined ? {} : { epsilon: o.epsilon }),
    ...(o.weightDecay === undefined ? {} : { weightDecay: o.weightDecay }),
    ...(o.accumulate === undefined ? {} : { accumulate: o.accumulate }),
    clipNorm: o.clipNorm,
    averageDecay: o.averageDecay,
  };
}

function reportedTensors({ loss, metrics = {} }: TrainingGraph): Map<string, Tensor> {
  const all = new Map([['loss', loss], ...Object.entries(metrics)]);
  if ('loss' in metrics) throw new KernelError('training: a metric cannot be named loss');
  for (const [name, t] of all) {
    if (sizeOf(t.shape) > MOST_REPORTED)
      throw new KernelError(
        `training: metric ${name} has ${sizeOf(t.shape)} values, at most ${MOST_REPORTED} are read with a step`,
      );
  }
  return all;
}

/** Memory and dispatches of a training on `target`, before anything is allocated. */
export interface TrainingPlan {
  readonly batch: MemoryPlan;
  readonly update: MemoryPlan | undefined;
  /** Dispatches of a step. */
  readonly dispatches: number;
  /** Bytes of weights, optimiser and inputs, of what a batch computes, and of both. */
  readonly heldBytes: number;
  readonly transientBytes: number;
  readonly bytes: number;
}

/** What a training will take, without a GPU. */
export function planTraining(
  target: Target,
  specs: readonly WeightSpec[],
  record: RecordGraph,
  options: TrainerOptions,
): TrainingPlan {
  const weights = new TrainableWeights(dryStore, specs, 0);
  const { batch, update, reported } = recordTraining(dryStore, target, weights, record, options);
  const perBatch = planProgram(batch, update ? [] : [...reported.values()]);
  const atEnd = update && planProgram(update);
  const held = new Map(
    [...perBatch.plan.pinned, ...(atEnd?.plan.pinned ?? [])].map((p) => [p.name, p.bytes]),
  );
  const heldBytes = [...held.values()].reduce((a, b) => a + b, 0);
  const plans = [perBatch.plan, ...(atEnd ? [atEnd.plan] : [])];
  const transientBytes = plans.reduce((sum, p) => sum + p.transientBytes + p.textureBytes, 0);
  return {
    batch: perBatch.plan,
    update: atEnd?.plan,
    dispatches: (options.accumulate ?? 1) * perBatch.dispatches + (atEnd?.dispatches ?? 0),
    heldBytes,
    transientBytes,
    bytes: heldBytes + transientBytes,
  };
}
