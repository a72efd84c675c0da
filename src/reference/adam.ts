// CPU twin of one Adam step, and what float32 may miss of it.

/** A number for each value of the parameter: the state itself, or its errors. */
export interface AdamState {
  readonly x: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
  readonly average: Float64Array;
}

/** Of the algorithm; `decay` is that of the moving average of the iterates. */
export interface AdamReferenceParams {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly clamp?: readonly [number, number];
  readonly decay: number;
}

/** The state before the first step: zero moments, zero average. */
export function adamStart(x: Float64Array): AdamState {
  const zero = () => new Float64Array(x.length);
  return { x, m: zero(), v: zero(), average: zero() };
}

/** Algorithm 1 of arXiv 1412.6980 at step t (from 1), then clamp and moving average; a new state. */
export function adamReference(
  state: AdamState,
  gradient: ArrayLike<number>,
  t: number,
  p: AdamReferenceParams,
): AdamState {
  const m = state.m.map((value, i) => p.beta1 * value + (1 - p.beta1) * gradient[i]!);
  const v = state.v.map((value, i) => p.beta2 * value + (1 - p.beta2) * gradient[i]! ** 2);
  const x = state.x.map((value, i) => {
    const mHat = m[i]! / (1 - p.beta1 ** t);
    const vHat = v[i]! / (1 - p.beta2 ** t);
    const moved = value - (p.learningRate * mHat) / (Math.sqrt(vHat) + p.epsilon);
    return p.clamp ? Math.min(p.clamp[1], Math.max(p.clamp[0], moved)) : moved;
  });
  return { x, m, v, average: state.average.map((value, i) => p.decay * value + (1 - p.decay) * x[i]!) };
}

/**
 * Errors of the state after step t in units of 2^-24, from the state and the errors before it: each rounding adds
 * its operand's magnitude, each operation hands errors on by its derivative (Wilkinson's running error analysis).
 * A clamp shortens errors, so it is left out. The gradient itself errs by `roundings` of its magnitude.
 */
export function adamBound(
  state: AdamState,
  error: AdamState,
  gradient: ArrayLike<number>,
  t: number,
  p: AdamReferenceParams,
  roundings = 0,
): AdamState {
  const after = adamReference(state, gradient, t, p);
  // Three roundings of each term: beta or its gain as a parameter, the product, the sum; g * g is one more.
  const m = error.m.map(
    (e, i) =>
      p.beta1 * e +
      3 * Math.abs(p.beta1 * state.m[i]!) +
      (3 + roundings) * Math.abs((1 - p.beta1) * gradient[i]!),
  );
  const v = error.v.map(
    (e, i) =>
      p.beta2 * e + 3 * p.beta2 * state.v[i]! + (4 + 2 * roundings) * (1 - p.beta2) * gradient[i]! ** 2,
  );
  const x = error.x.map((e, i) => {
    const root = Math.sqrt(after.v[i]! / (1 - p.beta2 ** t)) + p.epsilon;
    const stepSize = p.learningRate / (1 - p.beta1 ** t);
    const step = Math.abs(stepSize * after.m[i]!) / root;
    // WGSL's sqrt is 1 / inverseSqrt: 2 + 2.5 ULP, 9 roundings; rootScale and its product 2, epsilon and the sum 2.
    const relative = (after.v[i]! > 0 ? v[i]! / (2 * after.v[i]!) : 0) + 13;
    // stepSize and its product 2, the division 2.5 ULP, 5 roundings; then the difference itself.
    return e + step * (relative + 7) + (stepSize * m[i]!) / root + Math.abs(state.x[i]!) + step;
  });
  const average = error.average.map(
    (e, i) =>
      p.decay * e +
      3 * Math.abs(p.decay * state.average[i]!) +
      (1 - p.decay) * (x[i]! + 3 * Math.abs(after.x[i]!)),
  );
  return { x, m, v, average };
}
