// CPU twin of AdamW with clipping, and what float32 may miss of it.
import { type AdamReferenceParams, type AdamState, adamBound, adamReference } from './adam.js';

/** Of the algorithm; the learning rate is that of the step. */
export interface AdamWReferenceParams extends Omit<AdamReferenceParams, 'clamp'> {
  readonly weightDecay: number;
  /** Largest norm of all gradients together. */
  readonly clipNorm?: number | undefined;
}

/** The norm of several gradients together, and the factor that brings it to at most `limit`. */
export function clipReference(
  gradients: readonly ArrayLike<number>[],
  limit = Number.POSITIVE_INFINITY,
): { norm: number; factor: number } {
  let total = 0;
  for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) total += gradient[i]! ** 2;
  const norm = Math.sqrt(total);
  return { norm, factor: norm > limit ? limit / norm : 1 };
}

/** Algorithm 2 of arXiv 1711.05101 at step t (from 1), from a gradient that was clipped already; a new state. */
export function adamWReference(
  state: AdamState,
  gradient: ArrayLike<number>,
  t: number,
  p: AdamWReferenceParams,
): AdamState {
  const moved = adamReference(state, gradient, t, { ...p, decay: 0 });
  const x = moved.x.map((value, i) => value - p.learningRate * p.weightDecay * state.x[i]!);
  const average = state.average.map((value, i) => p.decay * value + (1 - p.decay) * x[i]!);
  return { ...moved, x, average };
}

/**
 * Errors of the state after step t in units of 2^-24, as `adamBound`: `gradient` is clipped, from `count` values in all,
 * with `isScaled` where the factor is not a power of two.
 */
export function adamWBound(
  state: AdamState,
  error: AdamState,
  gradient: ArrayLike<number>,
  t: number,
  p: AdamWReferenceParams,
  { count, isScaled }: { count: number; isScaled: boolean },
): AdamState {
  // The norm is the root of a sum of `count` squares, all positive: half of the sum's error, and 9 of the root. The limit
  // as a parameter and gain 2, their quotient 5, products with the gain and the gradient 2.
  const roundings = isScaled ? Math.sqrt(count) / 2 + 9 + 9 : 0;
  const plain = adamBound(state, error, gradient, t, p, roundings);
  const after = adamWReference(state, gradient, t, p);
  // decayStep as a parameter, its product, and the sum with the step.
  const x = plain.x.map((e, i) => {
    const decay = p.learningRate * p.weightDecay * Math.abs(state.x[i]!);
    const step = Math.abs(after.x[i]! - state.x[i]!);
    return e + 4 * decay + (p.weightDecay > 0 ? step : 0);
  });
  const average = error.average.map(
    (e, i) =>
      p.decay * e +
      3 * Math.abs(p.decay * state.average[i]!) +
      (1 - p.decay) * (x[i]! + 3 * Math.abs(after.x[i]!)),
  );
  return { ...plain, x, average };
}
