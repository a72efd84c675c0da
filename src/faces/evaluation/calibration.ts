// From a distance to the probability that two pictures show the same person.
import { InputError } from '../../base/errors.js';
import { isotonicFit } from './isotonic.js';
import { assertScored, type ScoredPair } from './scores.js';

/** What a calibration was fitted on. */
interface Fitted {
  /**
   * Share of pairs of the same person that the probabilities assume: 0.5 says that both answers are equally likely before
   * the distance is known.
   */
  readonly prior: number;
  readonly pairs: { readonly same: number; readonly different: number };
}

/** Probability 1 / (1 + exp(a d + b)) at distance d; a > 0. */
export interface PlattCalibration extends Fitted {
  readonly kind: 'platt';
  readonly a: number;
  readonly b: number;
}

/** A falling polyline through (distances[i], probabilities[i]), level beyond both ends; distances rise. */
export interface IsotonicCalibration extends Fitted {
  readonly kind: 'isotonic';
  readonly distances: readonly number[];
  readonly probabilities: readonly number[];
}

/** JSON-serialisable; the probability never rises with the distance. */
export type Calibration = PlattCalibration | IsotonicCalibration;

/** What a calibration assumes. */
export interface CalibrationOptions {
  /**
   * Share of pairs of the same person to assume, 0.5 unless told. All pairs of a folder of people are mostly of different
   * people, which says nothing of the next question asked: each kind is weighted to its share.
   */
  readonly prior?: number;
}

/**
 * Platt's sigmoid ("Probabilistic outputs for support vector machines", 1999) with his softened targets, fitted by
 * Newton's method with backtracking as in Lin, Lin and Weng ("A note on Platt's probabilistic outputs", Machine
 * Learning 2007). InputError when the distances do not tell the kinds apart.
 */
export function fitPlatt(pairs: readonly ScoredPair[], options: CalibrationOptions = {}): PlattCalibration {
  const { weights, counts, prior } = prepare('Platt scaling', pairs, options);
  const targets = [(counts.same + 1) / (counts.same + 2), 1 / (counts.different + 2)] as const;
  // Distances about their mean, in their deviations: Newton's method then starts near, whatever their unit.
  const mean = pairs.reduce((sum, { distance }) => sum + distance, 0) / pairs.length;
  const deviation = Math.sqrt(
    pairs.reduce((sum, { distance }) => sum + (distance - mean) ** 2, 0) / pairs.length,
  );
  if (!(deviation > 0))
    throw new InputError(`Platt scaling: all ${pairs.length} distances are equal (${mean})`);
  const points = pairs.map(({ distance, same }) => ({
    x: (distance - mean) / deviation,
    target: targets[same ? 0 : 1],
    weight: weights[same ? 0 : 1],
  }));
  const [slope, offset] = newton(points, Math.log((1 - prior) / prior));
  if (!(slope > 0)) {
    throw new InputError(
      'Platt scaling: pairs of the same person must lie nearer than others on the whole, but the fit says the opposite',
    );
  }
  const a = slope / deviation;
  return { kind: 'platt', a, b: offset - a * mean, prior, pairs: counts };
}

/**
 * Isotonic regression by pooling adjacent violators (Ayer et al., Ann. Math. Stat. 1955; Zadrozny and Elkan, KDD 2002):
 * follows any falling curve, but wants many pairs. Kept off 0 and 1 as far as Laplace's rule of succession asks for, since
 * n pairs cannot show certainty.
 */
export function fitIsotonic(
  pairs: readonly ScoredPair[],
  options: CalibrationOptions = {},
): IsotonicCalibration {
  const { weights, counts, prior } = prepare('isotonic regression', pairs, options);
  const blocks = isotonicFit(
    pairs.map(({ distance, same }) => ({
      x: distance,
      y: same ? 1 : 0,
      weight: weights[same ? 0 : 1],
    })),
  );
  const least = 1 / (pairs.length + 2);
  const points = blocks.flatMap(({ from, to, value }) => {
    const probability = Math.min(1 - least, Math.max(least, value));
    return from === to
      ? [[from, probability] as const]
      : [[from, probability] as const, [to, probability] as const];
  });
  return {
    kind: 'isotonic',
    distances: points.map(([distance]) => distance),
    probabilities: points.map(([, probability]) => probability),
    prior,
    pairs: counts,
  };
}

/** Probability that two pictures at this distance show the same person, 0..1. */
export function sameProbability(calibration: Calibration, distance: number): number {
  if (!Number.isFinite(distance))
    throw new InputError(`calibration: the distance must be finite, got ${distance}`);
  if (calibration.kind === 'platt') return sigmoid(-(calibration.a * distance + calibration.b));
  const { distances, probabilities } = calibration;
  const next = distances.findIndex((d) => d >= distance);
  if (next < 0) return probabilities.at(-1)!;
  if (next === 0) return probabilities[0]!;
  const [x0, x1] = [distances[next - 1]!, distances[next]!];
  const [p0, p1] = [probabilities[next - 1]!, probabilities[next]!];
  return p0 + ((distance - x0) / (x1 - x0)) * (p1 - p0);
}

/**
 * A calibration read back from JSON. InputError, with `where`, when it is none: a number is missing or not finite, the
 * curve rises, or a probability lies outside 0..1.
 */
export function parseCalibration(value: unknown, where = 'calibration'): Calibration {
  const object = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const refuse = (rule: string): never => {
    throw new InputError(`${where}: ${rule}`);
  };
  const finite = (name: string, from: Record<string, unknown> = object): number => {
    const v = from[name];
    return typeof v === 'number' && Number.isFinite(v)
      ? v
      : refuse(`${name} must be a finite number, got ${JSON.stringify(v)}`);
  };
  const numbers = (name: string): number[] => {
    const list = object[name];
    return Array.isArray(list) &&
      list.length > 0 &&
      list.every((v) => typeof v === 'number' && Number.isFinite(v))
      ? (list as number[])
      : refuse(`${name} must be a list of finite numbers`);
  };
  const prior = finite('prior');
  if (!(prior > 0 && prior < 1)) refuse(`prior must lie between 0 and 1, got ${prior}`);
  const counts = (object.pairs ?? {}) as Record<string, unknown>;
  const pairs = { same: finite('same', counts), different: finite('different', counts) };
  if (object.kind === 'platt') {
    const [a, b] = [finite('a'), finite('b')];
    if (!(a > 0)) refuse(`a must be above 0, got ${a}`);
    return { kind: 'platt', a, b, prior, pairs };
  }
  if (object.kind !== 'isotonic')
    refuse(`kind must be platt or isotonic, got ${JSON.stringify(object.kind)}`);
  const [distances, probabilities] = [numbers('distances'), numbers('probabilities')];
  if (distances.length !== probabilities.length) {
    refuse(
      `distances and probabilities must be equally many, got ${distances.length} and ${probabilities.length}`,
    );
  }
  if (distances.some((d, i) => i > 0 && !(d > distances[i - 1]!))) refuse('distances must rise');
  if (probabilities.some((p, i) => !(p >= 0 && p <= 1) || (i > 0 && p > probabilities[i - 1]!))) {
    refuse('probabilities must fall and lie in 0..1');
  }
  return { kind: 'isotonic', distances, probabilities, prior, pairs };
}

/** Counts, and the weight of a pair of each kind (same, different) that makes the kinds' shares the prior's. */
function prepare(where: string, pairs: readonly ScoredPair[], { prior = 0.5 }: CalibrationOptions) {
  assertScored(where, pairs);
  if (!(prior > 0 && prior < 1))
    throw new InputError(`${where}: the prior must lie between 0 and 1, got ${prior}`);
  const same = pairs.filter((pair) => pair.same).length;
  const counts = { same, different: pairs.length - same };
  const weights = [
    (prior * pairs.length) / counts.same,
    ((1 - prior) * pairs.length) / counts.different,
  ] as const;
  return { weights, counts, prior };
}

interface LogisticPoint {
  readonly x: number;
  readonly target: number;
  readonly weight: number;
}

const MOST_STEPS = 100;
/** Added to the diagonal of the Hessian, and the gradient at which the fit has settled, both per unit of weight. */
const RIDGE = 1e-12;
const SETTLED = 1e-10;

/** [a, b] that minimise the cross entropy of 1 / (1 + exp(a x + b)) with the targets, from a = 0. */
function newton(points: readonly LogisticPoint[], start: number): [number, number] {
  const total = points.reduce((sum, { weight }) => sum + weight, 0);
  let [a, b] = [0, start];
  let value = crossEntropy(points, a, b);
  for (let step = 0; step < MOST_STEPS; step++) {
    let [h11, h22, h21, g1, g2] = [RIDGE * total, RIDGE * total, 0, 0, 0];
    for (const { x, target, weight } of points) {
      const p = sigmoid(-(a * x + b));
      const curvature = weight * p * (1 - p);
      h11 += curvature * x * x;
      h22 += curvature;
      h21 += curvature * x;
      g1 += weight * x * (target - p);
      g2 += weight * (target - p);
    }
    if (Math.max(Math.abs(g1), Math.abs(g2)) < SETTLED * total) return [a, b];
    const determinant = h11 * h22 - h21 * h21;
    const da = -(h22 * g1 - h21 * g2) / determinant;
    const db = -(h11 * g2 - h21 * g1) / determinant;
    const slope = g1 * da + g2 * db;
    let length = 1;
    for (; length > 1e-10; length /= 2) {
      const next = crossEntropy(points, a + length * da, b + length * db);
      if (next < value + 1e-4 * length * slope) {
        [a, b, value] = [a + length * da, b + length * db, next];
        break;
      }
    }
    // No step lowers the value any more: rounding, not the fit, decides here.
    if (length <= 1e-10) return [a, b];
  }
  throw new InputError(`Platt scaling: the fit did not settle within ${MOST_STEPS} steps`);
}

function crossEntropy(points: readonly LogisticPoint[], a: number, b: number): number {
  let sum = 0;
  for (const { x, target, weight } of points) {
    const z = a * x + b;
    // Both forms are t z + log(1 + exp(-z)); neither overflows.
    sum +=
      weight * (z >= 0 ? target * z + Math.log1p(Math.exp(-z)) : (target - 1) * z + Math.log1p(Math.exp(z)));
  }
  return sum;
}

function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}
