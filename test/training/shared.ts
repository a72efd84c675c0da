// A small net that learns to tell generated people apart.
import { hash32, normal } from '../../src/base/random.js';
import { l2Normalize } from '../../src/kernels/l2-normalize.js';
import { linear } from '../../src/kernels/linear.js';
import { relu } from '../../src/kernels/relu.js';
import {
  type GraphParts,
  recordTriplets,
  TRIPLET_COUNTS,
  type TrainerOptions,
  type TrainingGraph,
  type WeightSpec,
  ZEROS,
} from '../../src/training/index.js';

export const [PEOPLE, PICTURES, INPUTS, HIDDEN, OUTPUTS] = [6, 3, 20, 17, 7];
export const BATCH = PEOPLE * PICTURES;

export const specs: readonly WeightSpec[] = [
  { name: 'fc1.weight', shape: [HIDDEN, INPUTS], init: { kind: 'he-uniform' } },
  { name: 'fc1.bias', shape: [HIDDEN], init: ZEROS },
  { name: 'fc2.weight', shape: [OUTPUTS, HIDDEN], init: { kind: 'glorot-uniform' }, rate: 0.5 },
  { name: 'fc2.bias', shape: [OUTPUTS], init: ZEROS },
];

/** Rows of length 1 for `inputs.x`. */
export function embed({ tape, weights, inputs }: GraphParts) {
  const layer = (name: string, x = inputs.x!) =>
    tape.record(
      linear,
      name,
      { x, weight: weights.get(`${name}.weight`), bias: weights.get(`${name}.bias`) },
      {},
    );
  const hidden = tape.record(relu, 'relu1', { x: layer('fc1') }, {});
  return tape.record(l2Normalize, 'embedding', { x: layer('fc2', hidden) }, {});
}

export function tripletGraph(parts: GraphParts): TrainingGraph {
  const triplets = recordTriplets(
    parts.tape,
    'triplets',
    { embeddings: embed(parts), labels: parts.inputs.labels! },
    { margin: 0.5, mine: 'in-margin', mean: 'valid' },
  );
  return {
    loss: triplets.loss,
    metrics: { [TRIPLET_COUNTS]: triplets.counts },
    beforeBatch: (program, { seed }) => triplets.reseed(program, seed),
  };
}

export const options: TrainerOptions = {
  inputs: { x: [BATCH, INPUTS], labels: [BATCH] },
  schedule: { kind: 'cosine', rate: 0.02, steps: 60, warmup: 3 },
  weightDecay: 0.01,
  clipNorm: 5,
  averageDecay: 0.9,
  seed: 3,
};

/** P x K pictures of step `step`: a centre of each person, hidden in noise that is as large. */
export function batchOf(step: number) {
  const labels = Array.from({ length: BATCH }, (_, i) => Math.floor(i / PICTURES));
  const x = Array.from({ length: BATCH * INPUTS }, (_, i) => {
    const [row, d] = [Math.floor(i / INPUTS), i % INPUTS];
    const noise = normal(hash32(9, step), i) * (d < INPUTS / 2 ? 0.3 : 1);
    return (d < INPUTS / 2 ? normal(1, labels[row]! * INPUTS + d) * 0.5 : 0) + noise;
  });
  return { x, labels };
}
