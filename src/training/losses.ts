// Losses of trainings, put together from ops.
import { InputError } from '../base/errors.js';
import { type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import type { Program } from '../graph/program.js';
import type { Tape } from '../graph/tape.js';
import { weightedAddOp } from '../kernels/arithmetic.js';
import { conv2d } from '../kernels/conv2d.js';
import { gram } from '../kernels/gram.js';
import { l2Normalize } from '../kernels/l2-normalize.js';
import { linear } from '../kernels/linear.js';
import { pairwiseDistances } from '../kernels/pairwise-distances.js';
import { squaredError } from '../kernels/squared-error.js';
import {
  type Miner,
  mineLabel,
  mineNegatives,
  type TripletAttrs,
  tripletCounts,
  tripletLoss,
} from '../kernels/triplet.js';
import type { TrainableWeights, WeightSpec } from './weights.js';

/** How triplets are mined and what their losses are divided by; `margin` is alpha, in squared distances. */
export interface TripletOptions extends TripletAttrs {
  readonly mine: Miner;
}

/** A recorded triplet loss. */
export interface Triplets {
  /** [1]. */
  readonly loss: Tensor;
  /** `[8]`: see `tripletFacts`. */
  readonly counts: Tensor;
  /** `[N,N]`: squared distances, and the negative of each pair or -1. */
  readonly distances: Tensor;
  readonly negatives: Tensor;
  /** Sets the seed of the miner's choices from the next run on; a whole number, of which 32 bits count. */
  reseed(program: Program, seed: number): void;
}

/**
 * The triplet loss of `embeddings` [N,D] (rows of length 1) whose people are `labels` [N] (whole numbers): mean of
 * max(0, |a-p|^2 - |a-n|^2 + margin) over the triplets that a miner makes of every ordered pair of one person (FaceNet,
 * arXiv 1503.03832, eq. 3; section 3.2 for the miners).
 */
export function recordTriplets(
  tape: Tape,
  where: string,
  { embeddings, labels }: { embeddings: Tensor; labels: Tensor },
  { margin, mine, mean }: TripletOptions,
): Triplets {
  const distances = tape.record(pairwiseDistances, `${where}.distances`, { x: embeddings }, {});
  const mining = `${where}.negatives`;
  const attrs = { mode: mine, margin, seed: 0 };
  const negatives = tape.record(mineNegatives, mining, { distances, labels }, attrs);
  const counts = tape.record(tripletCounts, `${where}.counts`, { distances, negatives }, { margin });
  const loss = tape.record(tripletLoss, where, { distances, negatives, counts }, { margin, mean });
  const reseed = (program: Program, seed: number) =>
    program.setParams(mineLabel(mining), { seed: seed >>> 0 });
  return { loss, counts, distances, negatives, reseed };
}

/** What `counts` say of a batch. */
export interface TripletFacts {
  /** Triplets that were mined. */
  readonly mined: number;
  /** Of these, the share whose loss is above 0, and the share whose negative is no farther than its positive. */
  readonly active: number;
  readonly violated: number;
  /** Mean squared distances from the positive and from the negative over the mined ones; NaN where there are none. */
  readonly positive: number;
  readonly negative: number;
  /** Mean squared distance of two different embeddings: 2 for random directions, 0 where all are one point. */
  readonly spread: number;
}

/** Names for the numbers of `counts` [8], or of their mean over batches of one size. */
export function tripletFacts(counts: ArrayLike<number>): TripletFacts {
  const [mined = 0, active = 0, violated = 0, n = 0, positives = 0, negatives = 0, all = 0] =
    Array.from(counts);
  return {
    mined,
    active: active / Math.max(1, mined),
    violated: violated / Math.max(1, mined),
    positive: positives / mined,
    negative: negatives / mined,
    spread: all / Math.max(1, n * (n - 1)),
  };
}

/**
 * `[1]`: the mean over the batch of 1 - cos(student, teacher), for rows [N,D] of any length. Computed as half the squared
 * distance of the rows brought to length 1, which is the same and does not cancel near cos = 1.
 */
export function cosineDistillation(tape: Tape, where: string, student: Tensor, teacher: Tensor): Tensor {
  const x = tape.record(l2Normalize, `${where}.student`, { x: student }, {});
  const target = tape.record(l2Normalize, `${where}.teacher`, { x: teacher }, {});
  return tape.record(squaredError, where, { x, target }, { scale: 1 / (2 * student.shape[0]!) });
}

/**
 * `[1]`: mean over the N*N elements of the squared difference of the two matrices of cosines of a batch (similarity-preserving
 * distillation, Tung and Mori, arXiv 1907.09682, on cosines instead of rows of activations). Student [N,D] and teacher [N,E]
 * may differ in their widths.
 */
export function similarityDistillation(tape: Tape, where: string, student: Tensor, teacher: Tensor): Tensor {
  const cosines = (name: string, rows: Tensor) => {
    const x = tape.record(l2Normalize, `${where}.${name}.unit`, { x: rows }, {});
    return tape.record(linear, `${where}.${name}`, { x, weight: x }, {});
  };
  const x = cosines('student', student);
  const target = cosines('teacher', teacher);
  return tape.record(squaredError, where, { x, target }, { scale: 1 / student.shape[0]! ** 2 });
}

/** The weights of `projectTap` at `where`, from `channels` of the student to `teacherChannels`. */
export function projectionSpecs(where: string, channels: number, teacherChannels: number): WeightSpec[] {
  return [
    {
      name: `${where}.weight`,
      shape: [teacherChannels, channels, 1, 1],
      init: { kind: 'glorot-uniform' },
    },
    { name: `${where}.bias`, shape: [teacherChannels], init: { kind: 'constant', value: 0 } },
  ];
}

/**
 * A student's tap [N,C,H,W] through a learned 1x1 projection to as many channels as the teacher's has (FitNets, arXiv
 * 1412.6550, section 2.2): [N,teacherChannels,H,W], by the weights of `projectionSpecs(where, C, teacherChannels)`. The
 * projection is no part of the student: leave it out of what is exported.
 */
export function projectTap(
  tape: Tape,
  weights: TrainableWeights,
  where: string,
  tap: Tensor,
  teacherChannels: number,
): Tensor {
  const shape: Shape = [teacherChannels, tap.shape[1]!, 1, 1];
  const weight = weights.get(`${where}.weight`, shape);
  const bias = weights.get(`${where}.bias`, [teacherChannels]);
  return tape.record(conv2d, `${where}.projection`, { x: tap, weight, bias }, { stride: 1, pad: 0 });
}

/** `[1]`: mean squared difference of two taps [N,C,H,W] (FitNets, eq. 3, divided by the number of values). */
export function featureDistillation(tape: Tape, where: string, student: Tensor, teacher: Tensor): Tensor {
  const inputs = { x: student, target: teacher };
  return tape.record(squaredError, where, inputs, { scale: 1 / sizeOf(teacher.shape) });
}

/**
 * `[1]`: mean squared difference of the Gram matrices of two taps [1,C,H,W], each divided by its number of pixels (Gatys et al.
 * 2016, eq. 3 and 4): what a style loss reads of a teacher. One picture; ShapeError for more.
 */
export function gramDistillation(tape: Tape, where: string, student: Tensor, teacher: Tensor): Tensor {
  const of = (name: string, x: Tensor) =>
    tape.record(gram, `${where}.${name}`, { x }, { scale: 1 / sizeOf(x.shape.slice(2)) });
  const [x, target] = [of('student', student), of('teacher', teacher)];
  return tape.record(squaredError, where, { x, target }, { scale: 1 / sizeOf(x.shape) });
}

/** `[1]`: the sum of scalars [1], each times its factor, added in their order. InputError where there is none. */
export function weightedSum(
  tape: Tape,
  where: string,
  terms: readonly (readonly [Tensor, number])[],
): Tensor {
  const [first, ...rest] = terms;
  if (!first) throw new InputError(`${where}: a sum needs a term`);
  const [a, alpha] = first;
  if (rest.length === 0) return tape.record(weightedAddOp, where, { a }, { alpha });
  return rest.reduce(
    ({ sum, factor }, [b, beta], i) => {
      const place = i === rest.length - 1 ? where : `${where}.${i}`;
      return { sum: tape.record(weightedAddOp, place, { a: sum, b }, { alpha: factor, beta }), factor: 1 };
    },
    { sum: a, factor: alpha },
  ).sum;
}
