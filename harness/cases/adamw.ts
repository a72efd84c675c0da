import { geometryOf } from '../../src/base/layout.js';
import { normal } from '../../src/base/random.js';
import { sizeOf } from '../../src/base/shape.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import type { PinStore } from '../../src/gpu/store.js';
import type { Program } from '../../src/graph/program.js';
import type { Tape } from '../../src/graph/tape.js';
import { AdamW, type AdamWOptions } from '../../src/optim/adamw.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { adamStart } from '../../src/reference/adam.js';
import { adamWBound, adamWReference, clipReference } from '../../src/reference/adamw.js';
import { ndarray } from '../../src/reference/array.js';
import type { CaseParams } from './family.js';
import { type BuiltSteps, parameterShape, type StepFamily } from './step.js';

/** AdamW over x and as many more weights as make `tensors`, each with x's gradient; the others begin at zero. */
class Several implements Optimizer {
  private readonly adamw: AdamW;

  constructor(
    private readonly store: PinStore,
    options: AdamWOptions,
    private readonly tensors: number,
    private readonly parts: number,
  ) {
    this.adamw = new AdamW(store, { ...options, accumulate: parts });
  }

  record(tape: Tape, parameter: Tensor, gradient: Tensor): void {
    const { shape, layout } = parameter;
    const others = Array.from({ length: this.tensors - 1 }, (_, i) =>
      this.store.pin(tensor(`other${i}`, shape, { layout, lifetime: 'pinned' })),
    );
    const weights = [parameter, ...others].map((t) => ({ parameter: t, gradient }));
    // The first of `parts` gradients begins the sum; the others would be other runs.
    const sums = this.parts > 1 ? this.adamw.accumulate(tape, weights) : [];
    this.adamw.recordAll(
      tape,
      weights.map((w, i) => ({ ...w, gradient: sums[i] ?? gradient })),
    );
  }

  beforeStep(program: Program, step: number): void {
    this.adamw.beforeStep(program, step);
  }

  state(): ReadonlyMap<string, Tensor> {
    return new Map([...this.adamw.state(), ['factors', this.adamw.factors]]);
  }
}

/** Steps of AdamW along gradients that do not depend on x, with a learning rate that falls. */
export const adamWFamily: StepFamily = {
  name: 'adamw',
  build(p: CaseParams): BuiltSteps {
    const shape = parameterShape(p);
    const count = sizeOf(shape);
    const steps = p.number('steps', 12);
    const tensors = p.number('tensors', 1);
    const parts = p.number('parts', 1);
    const weightDecay = p.number('decay', 0);
    const clipNorm = p.number('clip', 0) || undefined;
    const averageDecay = p.flag('average') ? 0.9 : undefined;
    const options = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay, clipNorm, averageDecay };
    const learningRate = (t: number) => 0.05 / t;
    const start = Float64Array.from({ length: count }, (_, i) => Math.fround(0.5 + 0.2 * normal(1, i)));
    const gradient = (_x: Float64Array, t: number) =>
      Float64Array.from({ length: count }, (_, i) => Math.fround(normal(100 + t, i)));
    const { bytes } = geometryOf(shape, shape.length === 4 ? 'image' : 'flat');
    return {
      shape,
      start,
      steps,
      gradient,
      optimizer: (store) => new Several(store, { ...options, learningRate }, tensors, parts),
      compared: ['x', 'x.m', 'x.v', ...(averageDecay === undefined ? [] : ['x.average']), 'factors'],
      expected() {
        let state = adamStart(start);
        let error = adamStart(new Float64Array(count));
        let [norm, factor] = [0, 1];
        for (let t = 1; t <= steps; t++) {
          const params = { ...options, learningRate: learningRate(t), decay: averageDecay ?? 0 };
          // Of `parts` gradients to be averaged, this program adds up one: the others count as zero.
          const mean = gradient(start, t).map((value) => value / parts);
          const all = Array<Float64Array>(tensors).fill(mean);
          ({ norm, factor } = clipReference(all, clipNorm));
          const g = mean.map((value) => value * factor);
          const isScaled = factor !== 1 || Math.log2(parts) % 1 !== 0;
          error = adamWBound(state, error, g, t, params, { count: count * tensors, isScaled });
          state = adamWReference(state, g, t, params);
        }
        const of = (values: Float64Array, magnitude: Float64Array) => ({
          values: ndarray(shape, values),
          bound: { magnitude: ndarray(shape, magnitude), terms: 1 },
        });
        const factors = [factor / parts, norm, 0, 0];
        // As the bound of the clipped gradient has it.
        const roundings = Math.sqrt(count * tensors) / 2 + 9 + 7;
        return {
          x: of(state.x, error.x),
          'x.m': of(state.m, error.m),
          'x.v': of(state.v, error.v),
          'x.average': of(state.average, error.average),
          factors: {
            values: ndarray([4], factors),
            bound: {
              magnitude: ndarray(
                [4],
                factors.map((value) => roundings * value),
              ),
              terms: 1,
            },
          },
        };
      },
      // The norm reads the gradient, the step reads it again; x, both moments and the average are read and written.
      cost: {
        flops: tensors * count * (averageDecay === undefined ? 19 : 22),
        bytes: tensors * bytes * (averageDecay === undefined ? 8 : 10),
      },
    };
  },
  cases: [
    'C=3;H=5;W=7;decay=0.1',
    'C=3;H=5;W=7;decay=0.1;clip=2;average',
    'C=5;flat;clip=100',
    'C=130;flat;decay=0.01;clip=1;tensors=5;steps=4',
    'C=33;H=30;W=31;clip=3;steps=2',
    'C=6;flat;parts=4;decay=0.1',
    'C=7;flat;parts=3;clip=0.5;average',
  ],
  // All weights of a small net, 128 tensors, and one large one.
  bench: ['C=512;H=62;W=62;decay=0.01;clip=1', 'C=120;H=14;W=14;decay=0.01;clip=1;average;tensors=128'],
};
