// What a training is made of: a graph for one batch, its inputs, and what is reported of a step.
import type { Shape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import type { Program } from '../graph/program.js';
import type { Tape } from '../graph/tape.js';
import type { Schedule } from './schedule.js';
import type { TrainableWeights } from './weights.js';

/** What a graph is recorded with. */
export interface GraphParts {
  readonly tape: Tape;
  readonly weights: TrainableWeights;
  /** Pinned tensors by the names of `TrainerOptions.inputs`. */
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/** Which batch a graph is about to see: steps count from 1, micro-batches of a step from 0. */
export interface BatchPlace {
  readonly step: number;
  readonly micro: number;
  /** A seed that no other batch of the training has. */
  readonly seed: number;
}

/** What is recorded for one batch: the forward pass and the losses. The trainer adds gradients and the update. */
export interface TrainingGraph {
  /** `[1]`: what is minimised. With several micro-batches to a step, the mean of theirs is. */
  readonly loss: Tensor;
  /** Small tensors that are reported beside the loss, by name: parts of the loss, `TRIPLET_COUNTS`. */
  readonly metrics?: Readonly<Record<string, Tensor>>;
  /** Sets params that change from batch to batch (a miner's seed, augmentation). */
  beforeBatch?(program: Program, place: BatchPlace): void;
}

/** Records a net and its losses. */
export type RecordGraph = (parts: GraphParts) => TrainingGraph;

/** Values for the inputs by name; what is left out stays as it is (a tensor that another program writes). */
export type Batch = Readonly<Record<string, ArrayLike<number>>>;

/** Numbers of a training; what is left out has the value named. */
export interface TrainerOptions {
  /** The tensors that a batch is written to: shapes of new ones, or pinned tensors of the same store. */
  readonly inputs: Readonly<Record<string, Shape | Tensor>>;
  readonly schedule: Schedule;
  /** Seeds what is random in the steps; 0. */
  readonly seed?: number;
  /** 0.9, 0.999 and 1e-8. */
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Decoupled, on weights whose role is `kernel`; 0. */
  readonly weightDecay?: number;
  /** Largest norm of the gradient of all weights together; no limit. */
  readonly clipNorm?: number | undefined;
  /** Decay of the moving average of the weights; none is kept. */
  readonly averageDecay?: number | undefined;
  /** Micro-batches whose gradients are averaged for one update; 1. */
  readonly accumulate?: number;
}

/** What a training said of itself that a person should know. */
export interface Alarm {
  readonly kind: 'not-finite' | 'collapse' | 'no-triplets' | 'gradient-large' | 'gradient-gone';
  /** What was seen, in one line with numbers. */
  readonly message: string;
  /** What to try. */
  readonly advice: string;
}

/** A step as it was read back. */
export interface StepReport {
  readonly step: number;
  readonly learningRate: number;
  readonly loss: number;
  /** Of the gradient of all weights together, before it was clipped. */
  readonly gradientNorm: number;
  /** False where the gradient was not finite: the weights were left as they were. */
  readonly updated: boolean;
  /** Logical values of each metric, averaged over the micro-batches. */
  readonly metrics: Readonly<Record<string, Float32Array>>;
  readonly alarms: readonly Alarm[];
}
