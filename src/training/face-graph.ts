// What a training of a face net minimises: triplets, a teacher's embeddings, or both.
import type { Shape } from '../base/shape.js';
import { augment, RECIPE_LENGTH } from '../kernels/augment.js';
import type { Miner } from '../kernels/triplet.js';
import { NN4_SMALL2_SIDE } from '../nets/nn4-small2.js';
import { TRIPLET_COUNTS } from './alarms.js';
import { cosineDistillation, recordTriplets, similarityDistillation, weightedSum } from './losses.js';
import { type Nn4TrainFrom, nn4Small2Training } from './nn4-small2.js';
import type { RecordGraph } from './types.js';

/** Names of `FaceLoss`. */
export const FACE_LOSSES = ['distil', 'triplet', 'mixed'] as const;
/** `distil`: be like the teacher. `triplet`: tell people apart. `mixed`: the sum of both. */
export type FaceLoss = (typeof FACE_LOSSES)[number];

/** Numbers of the losses. */
export interface FaceLossOptions {
  readonly loss: FaceLoss;
  /** Factor of the mean of 1 - cos(student, teacher). */
  readonly cosine: number;
  /** Factor of the mean squared difference of the batch's two matrices of cosines. */
  readonly similarity: number;
  /** Factor of the triplet loss. */
  readonly triplet: number;
  /** Alpha of the triplet loss, in squared distances of embeddings of length 1. */
  readonly margin: number;
  readonly mine: Miner;
}

/** FaceNet's margin; factors that brought a first net from a teacher to 0.89 on LFW pairs in 579 steps of 96. */
export const FACE_LOSS_DEFAULTS: Omit<FaceLossOptions, 'loss'> = {
  cosine: 4,
  similarity: 20,
  triplet: 1,
  margin: 0.2,
  mine: 'semi-hard',
};

/** Numbers of an embedding. */
const DIMENSION = 128;

/** Inputs of `recordFaceTraining` for batches of `batch` crops of `side` px, packed as `augment` takes them. */
export function faceInputs(batch: number, side: number, loss: FaceLoss): Record<string, Shape> {
  return {
    crops: [batch, side, side],
    recipe: [batch, RECIPE_LENGTH],
    ...(loss === 'distil' ? {} : { labels: [batch] }),
    ...(loss === 'triplet' ? {} : { teacher: [batch, DIMENSION] }),
  };
}

/**
 * Records nn4.small2 on varied crops and its losses. `teacher` [N,128] are rows of length 1 whose common part was taken away;
 * `labels` [N] tell people apart. Metrics: `cosine`, `similarity` and `triplet` before their factors, and the counts of
 * triplets.
 */
export function recordFaceTraining(options: FaceLossOptions, from: Nn4TrainFrom = 'start'): RecordGraph {
  const { loss, margin, mine } = options;
  return ({ tape, weights, inputs }) => {
    const { crops, recipe, labels, teacher } = inputs;
    const size = { height: NN4_SMALL2_SIDE, width: NN4_SMALL2_SIDE };
    const x = tape.record(augment, 'augment', { x: crops, recipe }, size);
    const layers = nn4Small2Training(tape, weights, x, from);
    const embeddings = layers.get('embedding')!;
    const terms: { name: string; value: ReturnType<typeof cosineDistillation>; factor: number }[] = [];
    if (loss !== 'triplet') {
      const student = layers.get('dense')!;
      terms.push(
        {
          name: 'cosine',
          value: cosineDistillation(tape, 'cosine', student, teacher!),
          factor: options.cosine,
        },
        {
          name: 'similarity',
          value: similarityDistillation(tape, 'similarity', student, teacher!),
          factor: options.similarity,
        },
      );
    }
    const triplets =
      loss === 'distil'
        ? undefined
        : recordTriplets(tape, 'triplet', { embeddings, labels: labels! }, { margin, mine, mean: 'valid' });
    if (triplets) terms.push({ name: 'triplet', value: triplets.loss, factor: options.triplet });
    return {
      loss: weightedSum(
        tape,
        'loss',
        terms.map(({ value, factor }) => [value, factor] as const),
      ),
      metrics: {
        ...Object.fromEntries(terms.map(({ name, value }) => [name, value])),
        ...(triplets ? { [TRIPLET_COUNTS]: triplets.counts } : {}),
      },
      beforeBatch: (program, { seed }) => triplets?.reseed(program, seed),
    };
  };
}
