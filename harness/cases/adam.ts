import { geometryOf } from '../../src/base/layout.js';
import { normal } from '../../src/base/random.js';
import { sizeOf } from '../../src/base/shape.js';
import { Adam } from '../../src/optim/adam.js';
import { adamBound, adamReference, adamStart } from '../../src/reference/adam.js';
import { ndarray } from '../../src/reference/array.js';
import type { CaseParams } from './family.js';
import { type BuiltSteps, parameterShape, type StepFamily } from './step.js';

/** Steps of Adam along gradients that do not depend on x. */
export const adamFamily: StepFamily = {
  name: 'adam',
  build(p: CaseParams): BuiltSteps {
    const shape = parameterShape(p);
    const count = sizeOf(shape);
    const steps = p.number('steps', 12);
    const clamp = p.flag('clamp') ? ([0, 1] as const) : undefined;
    const averageDecay = p.flag('average') ? 0.9 : undefined;
    const options = { learningRate: 0.05, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
    const start = Float64Array.from({ length: count }, (_, i) => Math.fround(0.5 + 0.2 * normal(1, i)));
    const gradient = (_x: Float64Array, t: number) =>
      Float64Array.from({ length: count }, (_, i) => Math.fround(normal(100 + t, i)));
    const { bytes } = geometryOf(shape, shape.length === 4 ? 'image' : 'flat');
    return {
      shape,
      start,
      steps,
      gradient,
      optimizer: (store) => new Adam(store, { ...options, clamp, averageDecay }),
      compared: ['x', 'm', 'v', ...(averageDecay === undefined ? [] : ['average'])],
      expected() {
        const params = { ...options, ...(clamp ? { clamp } : {}), decay: averageDecay ?? 0 };
        let state = adamStart(start);
        let error = adamStart(new Float64Array(count));
        for (let t = 1; t <= steps; t++) {
          const g = gradient(start, t);
          error = adamBound(state, error, g, t, params);
          state = adamReference(state, g, t, params);
        }
        const tensors = (['x', 'm', 'v', 'average'] as const).map((name) => [
          name,
          {
            values: ndarray(shape, state[name]),
            bound: { magnitude: ndarray(shape, error[name]), terms: 1 },
          },
        ]);
        return Object.fromEntries(tensors);
      },
      // The gradient is read; x, both moments and the average are read and written.
      cost: { flops: count * (averageDecay === undefined ? 14 : 17), bytes: bytes * (averageDecay ? 9 : 7) },
    };
  },
  cases: ['C=3;H=5;W=7', 'C=3;H=5;W=7;clamp;average', 'C=5;flat;clamp', 'C=130;flat;average;steps=3'],
  bench: ['C=3;H=512;W=512', 'C=3;H=512;W=512;clamp;average'],
};
