import { expect, it } from 'vitest';
import { adamFamily } from '../../harness/cases/adam.js';
import { buildSteps } from '../../harness/cases/step.js';
import { KernelError } from '../../src/base/errors.js';
import { dryStore } from '../../src/gpu/store.js';
import { Adam } from '../../src/optim/adam.js';
import { adamBound, adamReference, adamStart } from '../../src/reference/adam.js';
import { checkStepFamily } from './shared.js';

it('the first step by hand: lr * sign(g) for epsilon 0', () => {
  const p = { learningRate: 0.5, beta1: 0.9, beta2: 0.999, epsilon: 0, decay: 0 };
  expect([...adamReference(adamStart(Float64Array.of(1, 1)), [3, -7], 1, p).x]).toEqual([0.5, 1.5]);
});

it('the bound of the first step by hand', () => {
  const p = { learningRate: 0.5, beta1: 0.5, beta2: 0.5, epsilon: 0, decay: 0.5 };
  const none = adamStart(new Float64Array(1));
  const { x, m, v, average } = adamBound(adamStart(Float64Array.of(4)), none, [2], 1, p);
  // m = 1 of one term with 3 roundings, v = 2 of one term with 4, relative 2 and 1 + 9 + 2 + 2 below the line.
  expect([m[0], v[0]]).toEqual([3, 8]);
  // The step is 0.5: 7 + 13 + 2 of itself, 3 roundings of m = 1 times 0.5, and the difference 4 - 0.5.
  expect(x[0]).toBe(0.5 * (7 + 13 + 2) + 0.5 * 3 + 4 + 0.5);
  expect(average[0]).toBe(0.5 * (x[0]! + 3 * 3.5));
});

it('errors stay small beside the values, so that the bound can fail', () => {
  const { expected, compared } = buildSteps(adamFamily, 'C=3;H=5;W=7;clamp;average');
  expect(compared).toEqual(['x', 'm', 'v', 'average']);
  // 12 steps of 0.05 at x below 1: a share of some hundred roundings, where a wrong beta would cost 10 %.
  for (const { bound } of Object.values(expected())) {
    expect(Math.max(...bound.magnitude.data)).toBeLessThan(300);
  }
});

checkStepFamily(adamFamily);

it('refuses a clamp range without 0, which would break the zero border', () => {
  expect(() => new Adam(dryStore, { learningRate: 1, clamp: [0.1, 1] })).toThrow(KernelError);
});
