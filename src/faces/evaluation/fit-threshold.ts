// A threshold and a calibration out of the embeddings of some people: what `facet face threshold` keeps.
import { InputError } from '../../base/errors.js';
import { squaredDistance } from '../gallery/distance.js';
import { DIMENSION, type VectorPage } from '../gallery/types.js';
import { type Calibration, fitIsotonic, fitPlatt } from './calibration.js';
import { type OperatingPoint, operatingPoint } from './operating-point.js';
import type { ScoredPair } from './scores.js';

/** An embedding [128] of length 1, and whose it is. */
export interface NamedEmbedding {
  readonly name: string;
  readonly embedding: Float32Array;
}

/** A threshold for the false accept rate that was wanted, and the probabilities that go with the distances. */
export interface FittedThreshold extends OperatingPoint {
  readonly calibration: Calibration;
}

/** Pairs of different people at most: beyond, the sums grow and the answer does not. */
const MOST_PAIRS = 2_000_000;

/**
 * Fits on every pair of the embeddings. InputError where there are too few of one kind, or where no threshold above 0
 * lets so few pass.
 */
export function fitThreshold(
  people: readonly NamedEmbedding[],
  far: number,
  calibration: Calibration['kind'],
): FittedThreshold {
  const pairs = allPairs(people);
  const point = operatingPoint(pairs, far);
  if (!(point.threshold > 0)) {
    throw new InputError(
      `no threshold above 0 lets at most ${far} of the ${point.far.trials} pairs of different people pass; some are equal`,
      { fact: { code: 'no-threshold', values: { far, pairs: point.far.trials } } },
    );
  }
  return { ...point, calibration: calibration === 'platt' ? fitPlatt(pairs) : fitIsotonic(pairs) };
}

/** The embeddings of a collection with the names of their people. */
export async function enrolledEmbeddings(collection: {
  vectors(): AsyncIterable<VectorPage>;
}): Promise<NamedEmbedding[]> {
  const people: NamedEmbedding[] = [];
  for await (const { people: names, vectors } of collection.vectors()) {
    for (const [i, name] of names.entries()) {
      people.push({ name, embedding: vectors.slice(i * DIMENSION, (i + 1) * DIMENSION) });
    }
  }
  return people;
}

/** Every pair of samples; of different people every n-th where there are too many. */
function allPairs(people: readonly NamedEmbedding[]): ScoredPair[] {
  const total = (people.length * (people.length - 1)) / 2;
  const step = Math.max(1, Math.ceil(total / MOST_PAIRS));
  const pairs: ScoredPair[] = [];
  let count = 0;
  for (const [i, a] of people.entries()) {
    for (let j = 0; j < i; j++) {
      const b = people[j]!;
      const same = a.name === b.name;
      if (!same && count++ % step !== 0) continue;
      pairs.push({ same, distance: squaredDistance(a.embedding, b.embedding) });
    }
  }
  if (!pairs.some(({ same }) => same) || !pairs.some(({ same }) => !same)) {
    const names = new Set(people.map(({ name }) => name)).size;
    throw new InputError(
      `a threshold needs at least two people and two pictures of one of them, got ${people.length} pictures of ${names}`,
      { fact: { code: 'few-people', values: { pictures: people.length, people: names } } },
    );
  }
  return pairs;
}
