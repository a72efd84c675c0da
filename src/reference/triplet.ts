// CPU twins of mine_negatives, triplet_counts and triplet_loss.
import { hash32 } from '../base/random.js';
import { abs, map, type NdArray, ndarray, type ReferenceOp, zeros } from './array.js';

interface MineAttrs {
  readonly mode: 'random' | 'in-margin' | 'semi-hard' | 'hard';
  readonly margin: number;
  readonly seed: number;
}

/**
 * The candidates for the pair (a, p), in the order of the batch. Sums are rounded to f32: which pictures are candidates is a
 * decision, not a value, and both sides have to make the same.
 */
function candidates(distances: NdArray, labels: NdArray, a: number, p: number, attrs: MineAttrs): number[] {
  const N = labels.data.length;
  const positive = distances.data[a * N + p]!;
  const limit = Math.fround(positive + Math.fround(attrs.margin));
  const all = Array.from({ length: N }, (_, n) => n).filter((n) => labels.data[n] !== labels.data[a]);
  const distance = (n: number) => distances.data[a * N + n]!;
  switch (attrs.mode) {
    case 'random':
      return all;
    case 'in-margin':
      return all.filter((n) => distance(n) < limit);
    case 'semi-hard':
      return all.filter((n) => distance(n) > positive && distance(n) < limit);
    case 'hard':
      return all.toSorted((m, n) => distance(m) - distance(n) || m - n).slice(0, 1);
  }
}

export const mineNegativesReference: ReferenceOp<MineAttrs> = {
  forward({ distances, labels }, attrs) {
    const N = labels!.data.length;
    return map(zeros([N, N]), (_, at) => {
      const [a, p] = [Math.floor(at / N), at % N];
      if (a === p || labels!.data[a] !== labels!.data[p]) return -1;
      const found = candidates(distances!, labels!, a, p, attrs);
      return found.length === 0 ? -1 : found[hash32(attrs.seed, at) % found.length]!;
    });
  },
  backward: {},
  // Row numbers are exact.
  forwardBound: ({ distances }) => ({ magnitude: zeros(distances!.shape), terms: 1 }),
  backwardBound: {},
};

/** A triplet: where its two distances lie, and what they are. */
interface Triplet {
  readonly positiveAt: number;
  readonly negativeAt: number;
  readonly positive: number;
  readonly negative: number;
  /** Whether its loss is above 0, as f32 finds it. */
  readonly active: boolean;
}

function triplets(distances: NdArray, negatives: NdArray, margin: number): Triplet[] {
  const N = distances.shape[0]!;
  return Array.from(negatives.data).flatMap((n, positiveAt) => {
    if (n < 0) return [];
    const negativeAt = Math.floor(positiveAt / N) * N + n;
    const [positive, negative] = [distances.data[positiveAt]!, distances.data[negativeAt]!];
    const active = Math.fround(Math.fround(positive - negative) + Math.fround(margin)) > 0;
    return [{ positiveAt, negativeAt, positive, negative, active }];
  });
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

export const tripletCountsReference: ReferenceOp<{ margin: number }> = {
  forward({ distances, negatives }, { margin }) {
    const all = triplets(distances!, negatives!, margin);
    return ndarray(
      [8],
      [
        all.length,
        all.filter(({ active }) => active).length,
        all.filter(({ positive, negative }) => negative <= positive).length,
        distances!.shape[0]!,
        total(all.map(({ positive }) => positive)),
        total(all.map(({ negative }) => negative)),
        total([...distances!.data]),
        0,
      ],
    );
  },
  backward: {},
  // Numbers of triplets are exact; sums are as long as the matrix.
  forwardBound: ({ distances, negatives }, { margin }) => ({
    magnitude: map(
      tripletCountsReference.forward({ distances: abs(distances!), negatives: negatives! }, { margin }),
      (value, i) => (i < 4 ? 0 : value),
    ),
    terms: distances!.data.length,
  }),
  backwardBound: {},
};

interface TripletAttrs {
  readonly margin: number;
  readonly mean: 'active' | 'valid';
}

const divisorOf = (counts: NdArray, mean: 'active' | 'valid') =>
  Math.max(1, counts.data[mean === 'valid' ? 0 : 1]!);

function gradient(distances: NdArray, negatives: NdArray, margin: number, slope: number): NdArray {
  const found = zeros(distances.shape);
  for (const { active, positiveAt, negativeAt } of triplets(distances, negatives, margin)) {
    if (!active) continue;
    found.data[positiveAt]! += slope;
    found.data[negativeAt]! -= slope;
  }
  return found;
}

export const tripletLossReference: ReferenceOp<TripletAttrs> = {
  forward({ distances, negatives, counts }, { margin, mean }) {
    const losses = triplets(distances!, negatives!, margin)
      .filter(({ active }) => active)
      .map(({ positive, negative }) => positive - negative + margin);
    return ndarray([1], [total(losses) / divisorOf(counts!, mean)]);
  },
  backward: {
    distances: ({ distances, negatives, counts }, _y, dy, { margin, mean }) =>
      gradient(distances!, negatives!, margin, dy.data[0]! / divisorOf(counts!, mean)),
  },
  // Of each triplet the difference, the margin as a parameter and the sum with it; then the division, of 2.5 ULP.
  forwardBound({ distances, negatives, counts }, { margin, mean }) {
    const sizes = triplets(distances!, negatives!, margin)
      .filter(({ active }) => active)
      .map(({ positive, negative }) => Math.abs(positive) + Math.abs(negative) + 2 * margin);
    return {
      magnitude: ndarray([1], [total(sizes) / divisorOf(counts!, mean)]),
      terms: distances!.data.length + 3 + 5,
    };
  },
  backwardBound: {
    // A whole number times a quotient of 2.5 ULP.
    distances: (inputs, y, dy, attrs) => ({
      magnitude: map(
        abs(tripletLossReference.backward.distances!(inputs, y, dy, attrs)),
        (value) => 6 * value,
      ),
      terms: 1,
    }),
  },
};
