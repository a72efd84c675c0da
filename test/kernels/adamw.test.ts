import { expect, it } from 'vitest';
import { adamWFamily } from '../../harness/cases/adamw.js';
import { buildSteps } from '../../harness/cases/step.js';
import { KernelError } from '../../src/base/errors.js';
import { tensor } from '../../src/base/tensor.js';
import { dryStore, TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { AdamW } from '../../src/optim/adamw.js';
import { adamStart } from '../../src/reference/adam.js';
import { adamWReference, clipReference } from '../../src/reference/adamw.js';
import { checkStepFamily, useDevice } from './shared.js';

it('the first step by hand: lr * sign(g) and lr * decay * x for epsilon 0', () => {
  const p = { learningRate: 0.5, beta1: 0.9, beta2: 0.999, epsilon: 0, decay: 0, weightDecay: 0.25 };
  const { x } = adamWReference(adamStart(Float64Array.of(1, -2)), [3, -7], 1, p);
  expect([...x]).toEqual([1 - 0.5 - 0.125, -2 + 0.5 + 0.25]);
});

it('clipping by hand: 3, 4 and 12 have the norm 13', () => {
  expect(clipReference([[3, 4], [12]], 6.5)).toEqual({ norm: 13, factor: 0.5 });
  expect(clipReference([[3, 4], [12]], 14)).toEqual({ norm: 13, factor: 1 });
});

it('errors stay small beside the values, so that the bound can fail', () => {
  const { expected } = buildSteps(adamWFamily, 'C=3;H=5;W=7;decay=0.1;clip=2;average');
  for (const [name, { bound }] of Object.entries(expected())) {
    // An error of 1000 * 2^-24 * 4 is 2.4e-4, where a decay left out would move x by 1e-2.
    expect(Math.max(...bound.magnitude.data), name).toBeLessThan(1000);
  }
});

checkStepFamily(adamWFamily);

it.each([
  ['learning rates aside, betas below 1', { beta1: 1 }],
  ['an epsilon above 0', { epsilon: 0 }],
  ['a decay of at least 0', { weightDecay: -1 }],
  ['a positive limit', { clipNorm: 0 }],
  ['whole numbers of batches', { accumulate: 1.5 }],
  ['an average that moves', { averageDecay: 1 }],
])('wants %s', (_what, options) => {
  expect(() => new AdamW(dryStore, { learningRate: 1, ...options })).toThrow(KernelError);
});

const gpu = useDevice();

it.each([Number.NaN, Number.POSITIVE_INFINITY])(
  'a gradient of %s changes no weight and no moment, and says so',
  async (bad) => {
    const store = new TensorStore(gpu.device);
    const adamw = new AdamW(store, { learningRate: 0.1, weightDecay: 0.1, averageDecay: 0.9 });
    const pinned = (name: string, values: number[]) =>
      store.pin(tensor(name, [values.length], { lifetime: 'pinned' }), values);
    const [a, b] = [pinned('a', [1, 2, 3]), pinned('b', [4, 5])];
    const [da, db] = [pinned('da', [1, 1, 1]), pinned('db', [1, bad])];
    const tape = new Tape(gpu.device.target);
    adamw.recordAll(tape, [
      { parameter: a, gradient: da },
      { parameter: b, gradient: db },
    ]);
    const program = await Program.compile(store, tape.dispatches);
    try {
      adamw.beforeStep(program, 1);
      program.run();
      expect([...(await store.read(a))]).toEqual([1, 2, 3]);
      for (const [name, t] of adamw.state()) {
        const values = [...(await store.read(t))];
        // An average counts the weight that stayed.
        const weight = name.endsWith('.average') ? [...(await store.read(name === 'a.average' ? a : b))] : [];
        expect(values, name).toEqual(values.map((_, i) => Math.fround(Math.fround(0.1) * (weight[i] ?? 0))));
      }
      expect((await store.read(adamw.factors))[0]).toBe(-1);
      store.write(db, [1, 1]);
      program.run();
      expect((await store.read(a))[0]).toBeCloseTo(1 - 0.1 * 1.1, 5);
    } finally {
      program.destroy();
      store.destroy();
    }
  },
);

it('adds up gradients in their order, whatever a step before left', async () => {
  const store = new TensorStore(gpu.device);
  const adamw = new AdamW(store, { learningRate: 0.1, accumulate: 3 });
  const a = store.pin(tensor('a', [3], { lifetime: 'pinned' }));
  const da = store.pin(tensor('da', [3], { lifetime: 'pinned' }));
  const tape = new Tape(gpu.device.target);
  const [sum] = adamw.accumulate(tape, [{ parameter: a, gradient: da }]);
  store.write(sum!, [Number.NaN, 1, 2]);
  const program = await Program.compile(store, tape.dispatches);
  try {
    for (const [i, values] of [
      [1, 2 ** -24, 1],
      [2 ** -24, 1, 2],
      [2 ** -24, 2 ** -24, 3],
    ].entries()) {
      store.write(da, values);
      adamw.beforeBatch(program, i === 0);
      program.run();
    }
    // 1 swallows 2^-24 twice (ties go to even); 2^-24 + 1 likewise.
    expect([...(await store.read(sum!))]).toEqual([1, 1, 6]);
  } finally {
    program.destroy();
    store.destroy();
  }
});
