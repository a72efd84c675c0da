// CPU twin of one Adam step.
export interface AdamState {
  readonly x: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
  readonly average: Float64Array;
}

/** Algorithm 1 of arXiv 1412.6980 at step t (from 1), then clamp and moving average; a new state. */
export function adamReference(
  state: AdamState,
  gradient: ArrayLike<number>,
  t: number,
  p: {
    learningRate: number;
    beta1: number;
    beta2: number;
    epsilon: number;
    clamp?: readonly [number, number];
    decay: number;
  },
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
