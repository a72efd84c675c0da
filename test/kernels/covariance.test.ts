import { expect, it } from 'vitest';
import { channelMeanFamily, covarianceFamily, globalAvgPoolFamily } from '../../harness/cases/covariance.js';
import { ShapeError } from '../../src/base/errors.js';
import { uniform } from '../../src/base/random.js';
import { sizeOf } from '../../src/base/shape.js';
import { channelMean, globalAvgPool } from '../../src/kernels/channel-mean.js';
import { covariance } from '../../src/kernels/covariance.js';
import { abs, type NdArray, ndarray } from '../../src/reference/array.js';
import { channelMeanReference, globalAvgPoolReference } from '../../src/reference/channel-mean.js';
import { covarianceReference } from '../../src/reference/covariance.js';
import { gramReference } from '../../src/reference/gram.js';
import { checkFamily } from './shared.js';

const x = ndarray([1, 2, 1, 2], [1, 3, 10, 6]);

it('channel_mean by hand', () => {
  const y = channelMeanReference.forward({ x }, {});
  expect([...y.data]).toEqual([2, 8]);
  expect([...channelMeanReference.backward.x!({ x }, y, ndarray([2], [4, -2]), {}).data]).toEqual([
    2, 2, -1, -1,
  ]);
});

it('global_avg_pool by hand: a row of means per picture', () => {
  const pictures = ndarray([2, 1, 1, 2], [1, 3, 10, 6]);
  const y = globalAvgPoolReference.forward({ x: pictures }, {});
  expect(y.shape).toEqual([2, 1]);
  expect([...y.data]).toEqual([2, 8]);
  const dx = globalAvgPoolReference.backward.x!({ x: pictures }, y, ndarray([2, 1], [4, -2]), {});
  expect([...dx.data]).toEqual([2, 2, -1, -1]);
  expect(() => globalAvgPool.output({ x: [2, 3] }, {}, 'pool')).toThrow(
    new ShapeError('global_avg_pool at pool: expected [N,C,H,W], got [2,3]'),
  );
});

it('covariance by hand', () => {
  // Centred: (-1 1; 2 -2), products (2 -4; -4 8), halved.
  const y = covarianceReference.forward({ x }, {});
  expect([...y.data]).toEqual([1, -2, -2, 4]);
  const dx = covarianceReference.backward.x!({ x }, y, ndarray([2, 2], [1, 0, 2, 0]), {});
  // (dy + dy^T)/2 = (1 1; 1 0) times the centred channels.
  expect([...dx.data]).toEqual([1, -1, -1, 1]);
});

it('is bounded by the magnitude that a tuner takes, and not by the covariance of absolutes', () => {
  const shape = [1, 6, 9, 11];
  const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => 2 * uniform(3, i) - 1);
  const random = ndarray(shape, values);
  const largest = ({ data }: NdArray) => Math.max(...data.map(Math.abs));
  const { op, attrs } = covariance.magnitude!({ x: shape }, {});
  expect(op.name).toBe('gram');
  const bound = largest(gramReference.forward({ x: abs(random) }, attrs as { scale: number }));
  const actual = largest(covarianceReference.forward({ x: random }, {}));
  expect(actual).toBeLessThanOrEqual(bound);
  expect(actual).toBeGreaterThan(0.8 * bound);
  expect(largest(covarianceReference.forward({ x: abs(random) }, {}))).toBeLessThan(0.5 * actual);
});

it('refuses a batch', () => {
  const message = 'statistics are those of one picture, x.shape[0] must be 1; x [2,3,4,4]';
  expect(() => covariance.output({ x: [2, 3, 4, 4] }, {}, 'relu1_1')).toThrow(
    new ShapeError(`covariance at relu1_1: ${message}`),
  );
  expect(() => channelMean.output({ x: [2, 3, 4, 4] }, {}, 'relu1_1')).toThrow(
    new ShapeError(`channel_mean at relu1_1: ${message}`),
  );
});

checkFamily(channelMeanFamily);
checkFamily(globalAvgPoolFamily);
checkFamily(covarianceFamily);
