import { expect, it } from 'vitest';
import { TOLERANCE_FACTOR } from '../../harness/check.js';
import { KernelError } from '../../src/base/errors.js';
import { normal } from '../../src/base/random.js';
import { tensor } from '../../src/base/tensor.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { Adam } from '../../src/optim/adam.js';
import { type AdamState, adamReference } from '../../src/reference/adam.js';
import { useDevice } from './shared.js';

const gpu = useDevice();

it('the first step by hand: lr * sign(g) for epsilon 0', () => {
  const start: AdamState = {
    x: Float64Array.of(1, 1),
    m: new Float64Array(2),
    v: new Float64Array(2),
    average: new Float64Array(2),
  };
  const p = { learningRate: 0.5, beta1: 0.9, beta2: 0.999, epsilon: 0, decay: 0 };
  expect([...adamReference(start, [3, -7], 1, p).x]).toEqual([0.5, 1.5]);
});

it.each([
  { clamp: undefined, averageDecay: undefined },
  { clamp: [0, 1] as const, averageDecay: 0.9 },
])('12 steps agree with the float64 twin: %o', async ({ clamp, averageDecay }) => {
  const shape = [1, 3, 5, 7];
  const count = 105;
  const start = Float32Array.from({ length: count }, (_, i) => 0.5 + 0.2 * normal(1, i));
  const store = new TensorStore(gpu.device);
  const parameter = store.pin(tensor('x', shape, { lifetime: 'pinned' }), start);
  const gradient = store.pin(tensor('g', shape, { lifetime: 'pinned' }));
  const options = { learningRate: 0.05, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
  const adam = new Adam(store, { ...options, clamp, averageDecay });
  const tape = new Tape(gpu.device.target);
  adam.record(tape, parameter, gradient);
  const program = await Program.compile(store, tape.dispatches);
  let state: AdamState = {
    x: Float64Array.from(start),
    m: new Float64Array(count),
    v: new Float64Array(count),
    average: new Float64Array(count),
  };
  for (let t = 1; t <= 12; t++) {
    const g = Float32Array.from({ length: count }, (_, i) => normal(100 + t, i));
    store.write(gradient, g);
    adam.beforeStep(program, t);
    program.run();
    state = adamReference(state, g, t, { ...options, ...(clamp ? { clamp } : {}), decay: averageDecay ?? 0 });
    const actual = await store.read(parameter);
    // A step has about 12 roundings of values up to 1 (x) and lr * m/sqrt(v) <= lr/sqrt(1-beta2) (the step);
    // WGSL allows sqrt and division 2.5 ULP each. Errors of t steps add.
    const tolerance = TOLERANCE_FACTOR * t * 2 ** -24 * (1 + 12 * options.learningRate * 10);
    for (let i = 0; i < count; i++)
      expect(Math.abs(actual[i]! - state.x[i]!), `x[${i}] at step ${t}`).toBeLessThan(tolerance);
  }
  const average = adam.state().get('average');
  if (averageDecay !== undefined) {
    const actual = await store.read(average!);
    for (let i = 0; i < count; i++)
      expect(Math.abs(actual[i]! - state.average[i]!)).toBeLessThan(TOLERANCE_FACTOR * 12 * 2 ** -24 * 8);
  } else {
    expect(average).toBeUndefined();
  }
  program.destroy();
  store.destroy();
});

it('refuses a clamp range without 0, which would break the zero border', () => {
  expect(() => new Adam(new TensorStore(gpu.device), { learningRate: 1, clamp: [0.1, 1] })).toThrow(
    KernelError,
  );
});
