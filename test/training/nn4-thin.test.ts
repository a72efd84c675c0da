// Gradients of a whole net, as training records it, against central differences in float64: nn4.small2 with a sixteenth of
// its channels, batch norm on batch statistics, both losses.
import { describe, expect, it } from 'vitest';
import { normal, uniform } from '../../src/base/random.js';
import { sizeOf } from '../../src/base/shape.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { PLAIN_TARGET } from '../../src/gpu/kernel.js';
import { dryStore } from '../../src/gpu/store.js';
import { Tape } from '../../src/graph/tape.js';
import { type NdArray, ndarray } from '../../src/reference/array.js';
import {
  cosineDistillation,
  recordTriplets,
  similarityDistillation,
  weightedSum,
} from '../../src/training/losses.js';
import { nn4Small2Training } from '../../src/training/nn4-small2.js';
import { drawnSpecs, drawnWeights, ThinWeights } from './nn4-drawn.js';
import { ReferenceGraph } from './reference-graph.js';

/** The smallest picture whose last map is 3x3 is 65 px; this one has even and odd maps on its way. */
const SIDE = 66;
const LABELS = [0, 0, 1, 1];
const N = LABELS.length;
const SEED = 3;
const specs = drawnSpecs(16);

/** Where the loss is recorded, and the values that every run begins with. */
function record() {
  const tape = new Tape(PLAIN_TARGET);
  const weights = new ThinWeights(dryStore, specs, SEED);
  const x = tensor('x', [N, 3, SIDE, SIDE], { lifetime: 'pinned' });
  const labels = tensor('labels', [N], { lifetime: 'pinned' });
  const teacher = tensor('teacher', [N, 8], { lifetime: 'pinned' });
  const layers = nn4Small2Training(tape, weights, x);
  const triplets = recordTriplets(
    tape,
    'triplet',
    { embeddings: layers.get('embedding')!, labels },
    { margin: 0.2, mine: 'hard', mean: 'valid' },
  );
  const student = layers.get('dense')!;
  const loss = weightedSum(tape, 'loss', [
    [triplets.loss, 1],
    [cosineDistillation(tape, 'cosine', student, teacher), 4],
    [similarityDistillation(tape, 'similarity', student, teacher), 20],
  ]);
  const drawn = (t: Tensor, value: (i: number) => number): [Tensor, NdArray] => [
    t,
    ndarray(
      t.shape,
      Float64Array.from({ length: sizeOf(t.shape) }, (_, i) => value(i)),
    ),
  ];
  const values = new Map([
    drawn(x, (i) => uniform(1, i)),
    drawn(labels, (i) => LABELS[i]!),
    drawn(teacher, (i) => normal(2, i)),
    ...[...drawnWeights(specs, SEED)].map(([name, { shape, values: own }]): [Tensor, NdArray] => [
      weights.get(name),
      ndarray(shape, own),
    ]),
  ]);
  return { graph: new ReferenceGraph(tape), trained: weights.trained, loss, values };
}

/**
 * The difference quotient errs by O(h^2) and by 2^-53 J / h, J about 10: some 1e-9. A step of 1e-6 crosses no kink here. As in
 * docs/numerics.md, 1e-6 of the largest gradient is allowed.
 */
const STEP = 1e-6;
const TOLERANCE = 1e-6;

describe('nn4.small2, thin, in float64', { timeout: 240_000 }, () => {
  const { graph, trained, loss, values } = record();
  const lossWith = (t: Tensor, at: number, change: number) => {
    const moved = ndarray(t.shape, values.get(t)!.data);
    moved.data[at]! += change;
    return graph.forward(new Map([...values, [t, moved]])).of(loss).data[0]!;
  };

  it('has the gradient to every weight that central differences find', () => {
    const run = graph.forward(values);
    const gradients = run.gradients(
      loss,
      trained.map(({ tensor: t }) => t),
    );
    // 37 convolutions, a gamma and a beta behind each, and the last layer.
    expect(trained).toHaveLength(37 * 3 + 2);
    const misses: string[] = [];
    for (const [i, { name, tensor: t }] of trained.entries()) {
      const { data } = gradients[i]!;
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      // The largest: a weight whose gradient vanishes would agree with anything.
      const at = data.findIndex((value) => Math.abs(value) === largest);
      const quotient = (lossWith(t, at, STEP) - lossWith(t, at, -STEP)) / (2 * STEP);
      if (!(largest > 0 && Math.abs(quotient - data[at]!) <= TOLERANCE * largest))
        misses.push(`${name}[${at}]: gradient ${data[at]}, central difference ${quotient}`);
    }
    expect(misses).toEqual([]);
  });

  it('does not change its loss with what batch norm takes away again', () => {
    // A convolution's filter times two is the same output after the norm, up to epsilon.
    const conv = trained.find(({ name }) => name === 'conv3.weight')!.tensor;
    const run = graph.forward(values);
    const [gradient] = run.gradients(loss, [conv]);
    const along = gradient!.data.reduce((sum, value, i) => sum + value * values.get(conv)!.data[i]!, 0);
    const sizes = gradient!.data.reduce(
      (sum, value, i) => sum + Math.abs(value * values.get(conv)!.data[i]!),
      0,
    );
    expect(Math.abs(along)).toBeLessThan(1e-3 * sizes);
  });
});
