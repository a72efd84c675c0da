import { expect, it } from 'vitest';
import {
  batchNormFamily,
  batchNormRunningFamily,
  batchStatisticsFamily,
} from '../../harness/cases/batch-norm.js';
import { ShapeError } from '../../src/base/errors.js';
import { tensor } from '../../src/base/tensor.js';
import { PLAIN_TARGET } from '../../src/gpu/kernel.js';
import { runningStatisticsDispatch } from '../../src/kernels/batch-norm.js';
import { ndarray } from '../../src/reference/array.js';
import { batchNormReference, batchStatisticsReference } from '../../src/reference/batch-norm.js';
import { runningStatistics } from '../../src/reference/batch-norm-running.js';
import { checkFamily, checkStepFamily } from './shared.js';

it('statistics and normalisation by hand', () => {
  // Channel 0: 1 and 3, mean 2 and variance 1; channel 1: 0 and 8, mean 4 and variance 16.
  const x = ndarray([2, 2, 1, 1], [1, 0, 3, 8]);
  const statistics = batchStatisticsReference.forward({ x }, {});
  expect([...statistics.data]).toEqual([2, 4, 1, 16]);
  const [gamma, beta] = [ndarray([2], [10, 1]), ndarray([2], [0, 5])];
  const inputs = { x, statistics, gamma, beta };
  const close = (values: ArrayLike<number>, wanted: number[]) => {
    for (const [i, value] of wanted.entries()) expect(values[i]).toBeCloseTo(value, 4);
  };
  const attrs = { epsilon: 1e-9 };
  close(batchNormReference.forward(inputs, attrs).data, [-10, 4, 10, 6]);
  close(batchNormReference.forward(inputs, { ...attrs, rectify: true }).data, [0, 4, 10, 6]);
});

it('a running variance is unbiased', () => {
  const running = runningStatistics(Float64Array.of(1, 1), Float64Array.of(3, 3), {
    momentum: 0.5,
    pixels: 4,
  });
  expect([...running]).toEqual([2, 2.5]);
});

it('running averages pass over what is not finite', () => {
  const statistics = Float64Array.of(3, Number.NaN, 5, 3, 3, Number.POSITIVE_INFINITY);
  const options = { momentum: 0.5, pixels: 4 };
  const running = runningStatistics(Float64Array.of(1, 1, 1, 1, 1, 1), statistics, options);
  expect([...running]).toEqual([2, 1, 1, 2.5, 1, 1]);
});

it('refuses a running variance of one pixel', () => {
  const [statistics, running] = [tensor('s', [2, 4]), tensor('r', [2, 4], { lifetime: 'pinned' })];
  expect(() =>
    runningStatisticsDispatch('bn1', PLAIN_TARGET, { statistics, running }, { momentum: 0.1, pixels: 1 }),
  ).toThrow(ShapeError);
});

checkFamily(batchStatisticsFamily);
checkFamily(batchNormFamily);
checkStepFamily(batchNormRunningFamily);
