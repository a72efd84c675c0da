import { geometryOf } from '../../src/base/layout.js';
import { normal } from '../../src/base/random.js';
import { sizeOf } from '../../src/base/shape.js';
import { Lbfgs } from '../../src/optim/lbfgs.js';
import { ndarray } from '../../src/reference/array.js';
import { LbfgsReference, type LbfgsReferenceOptions } from '../../src/reference/lbfgs.js';
import { TOLERANCE_FACTOR } from '../check.js';
import type { CaseParams } from './family.js';
import { type BuiltSteps, parameterShape, type StepFamily } from './step.js';

/** dJ/dx at x. */
export type Gradient = (x: Float64Array) => Float64Array;

/** The gradient of 1/2 sum scales_i (x_i - centre_i)^2 with scales from 1 to 1e-3, and the distance from its minimum. */
export function quadratic(n: number): {
  start: Float64Array;
  gradient: Gradient;
  distance: (x: Float64Array) => number;
} {
  const scales = Float64Array.from({ length: n }, (_, i) => 10 ** (-3 * (i / Math.max(1, n - 1))));
  const centre = Float64Array.from({ length: n }, (_, i) => normal(3, i));
  return {
    start: new Float64Array(n),
    gradient: (x) => x.map((value, i) => scales[i]! * (value - centre[i]!)),
    distance: (x) => deviation(x, centre),
  };
}

/** Every x that the float64 twin visits, one a step. */
export function trajectory(
  options: LbfgsReferenceOptions,
  start: Float64Array,
  gradient: Gradient,
  steps: number,
): Float64Array[] {
  const reference = new LbfgsReference(options);
  const visited: Float64Array[] = [];
  let x = start;
  for (let step = 0; step < steps; step++) {
    x = reference.step(x, gradient(x));
    visited.push(x);
  }
  return visited;
}

/** max |a - b|. */
export function deviation(a: Float64Array, b: Float64Array): number {
  return a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0);
}

/**
 * How far float32 may lead the iteration astray, step by step: the largest deviation of eight float64 runs whose
 * every stored value, gradient and product errs by a random part of 2^-24 (Monte Carlo arithmetic), times 8.
 */
export function roundingBounds(
  options: Omit<LbfgsReferenceOptions, 'form'>,
  start: Float64Array,
  gradient: Gradient,
  exact: readonly Float64Array[],
): number[] {
  const worst = new Array<number>(exact.length).fill(0);
  for (let seed = 0; seed < 8; seed++) {
    let draw = 0;
    const noise = () => (2 * Math.abs(normal(seed + 100, draw++) % 1) - 1) * 2 ** -24;
    const rough: Gradient = (x) => gradient(x).map((value) => value * (1 + noise()));
    const run = trajectory({ ...options, form: 'coefficients', noise }, start, rough, exact.length);
    for (const [step, x] of run.entries()) worst[step] = Math.max(worst[step]!, deviation(x, exact[step]!));
  }
  return worst.map((value) => 8 * value + 2 ** -23);
}

/** Steps of L-BFGS down a badly scaled parabola; `split` puts two slots of the ring into each buffer. */
export const lbfgsFamily: StepFamily = {
  name: 'lbfgs',
  build(p: CaseParams): BuiltSteps {
    const shape = parameterShape(p);
    const { bytes } = geometryOf(shape, shape.length === 4 ? 'image' : 'flat');
    const steps = p.number('steps', 15);
    const history = p.number('history', 5);
    const clamp = p.flag('clamp') ? ([-0.5, 0.8] as const) : undefined;
    const bindingBytes = p.flag('split') ? 2 * bytes : undefined;
    const { start, gradient } = quadratic(sizeOf(shape));
    const options = { history, learningRate: clamp ? 0.7 : 1, ...(clamp ? { clamp } : {}) };
    const slots = history + 1;
    return {
      shape,
      start,
      steps,
      gradient,
      optimizer: (store) => new Lbfgs(store, { ...options, bindingBytes }),
      compared: ['x'],
      expected() {
        const exact = trajectory({ ...options, form: 'vectors' }, start, gradient, steps);
        const allowed = roundingBounds(options, start, gradient, exact).at(-1)!;
        // In the units of a bound: the check multiplies by its factor and by 2^-24.
        const magnitude = new Float64Array(start.length).fill((allowed * 2 ** 24) / TOLERANCE_FACTOR);
        return {
          x: {
            values: ndarray(shape, exact.at(-1)!),
            bound: { magnitude: ndarray(shape, magnitude), terms: 1 },
          },
        };
      },
      // A slot: five inner products, |g|_1 and the combination; besides s, y and the step itself. The ring is read, a
      // pair and the gradient are written to it; x and what is remembered of it are read and written.
      cost: { flops: start.length * (16 * slots + 8), bytes: bytes * (2 * slots + 9) },
    };
  },
  cases: ['C=60;flat', 'C=3;H=4;W=5', 'C=3;H=4;W=5;clamp', 'C=3;H=4;W=5;history=4;split'],
  bench: ['C=3;H=512;W=512;history=10'],
};
