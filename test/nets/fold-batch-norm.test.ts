import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../src/base/errors.js';
import { normal, uniform } from '../../src/base/random.js';
import { foldBatchNorm, foldScaleShift } from '../../src/nets/fold-batch-norm.js';
import { absAll, map, type NdArray, ndarray } from '../../src/reference/array.js';
import { conv2dReference } from '../../src/reference/conv2d.js';

const random = (shape: number[], seed: number): NdArray => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return ndarray(
    shape,
    Float64Array.from({ length: size }, (_, i) => normal(seed, i)),
  );
};

it('folds by hand', () => {
  // sqrt(3 + 1) = 2: the scale is 6 / 2.
  const folded = foldBatchNorm(
    'conv1',
    { shape: [1, 2, 1, 1], weight: [1, -2], bias: [10] },
    { gamma: [6], beta: [7], mean: [4], variance: [3], epsilon: 1 },
  );
  expect([...folded.weight]).toEqual([3, -6]);
  expect([...folded.bias]).toEqual([3 * (10 - 4) + 7]);
});

it('takes what is left out as 1 and 0', () => {
  const layer = { shape: [2, 1], weight: [1, 2] };
  const folded = foldBatchNorm('fc', layer, { mean: [1, 0], variance: [0.25, 4], epsilon: 0 });
  expect([...folded.weight]).toEqual([2, 1]);
  expect([...folded.bias]).toEqual([-2, 0]);
  expect([...foldScaleShift('fc', layer, [3, 5], [7, 9]).bias]).toEqual([7, 9]);
});

it.each([
  { bias: true, stride: 1, pad: 1, shape: [5, 3, 3, 3] },
  { bias: false, stride: 2, pad: 0, shape: [4, 7, 1, 1] },
])('agrees with the unfolded arithmetic: %o', ({ bias: biased, stride, pad, shape }) => {
  const [K, C, R, S] = shape as [number, number, number, number];
  const x = random([2, C, 6, 5], 1);
  const weight = random(shape, 2);
  const bias = biased ? random([K], 3) : undefined;
  const norm = {
    gamma: random([K], 4).data,
    beta: random([K], 5).data,
    mean: random([K], 6).data,
    variance: Float64Array.from({ length: K }, (_, k) => 4 * uniform(7, k)),
    epsilon: 1e-5,
  };
  const attrs = { stride, pad };
  const conv = conv2dReference.forward({ x, weight, ...(bias ? { bias } : {}) }, attrs);
  const channelOf = (i: number) => Math.floor(i / (conv.shape[2]! * conv.shape[3]!)) % K;
  const scaleOf = (k: number) => norm.gamma[k]! / Math.sqrt(norm.variance[k]! + norm.epsilon);
  const expected = map(conv, (value, i) => {
    const k = channelOf(i);
    const normalised = (value - norm.mean[k]!) / Math.sqrt(norm.variance[k]! + norm.epsilon);
    return norm.gamma[k]! * normalised + norm.beta[k]!;
  });

  const folded = foldBatchNorm(
    'conv1',
    { shape, weight: weight.data, ...(bias ? { bias: bias.data } : {}) },
    norm,
  );
  const actual = conv2dReference.forward(
    { x, weight: ndarray(folded.shape, folded.weight), bias: ndarray([K], folded.bias) },
    attrs,
  );
  // Either side rounds C R S products and as many additions at most, and the affine map some ten times.
  const sizes = conv2dReference.forward(absAll({ x, weight, ...(bias ? { bias } : {}) }), attrs);
  for (const [i, value] of expected.data.entries()) {
    const k = channelOf(i);
    const size = Math.abs(scaleOf(k)) * (sizes.data[i]! + Math.abs(norm.mean[k]!)) + Math.abs(norm.beta[k]!);
    expect(Math.abs(actual.data[i]! - value)).toBeLessThanOrEqual(2 * (C * R * S + 10) * 2 ** -53 * size);
  }
});

describe('refuses', () => {
  const layer = { shape: [2, 3, 1, 1], weight: [1, 2, 3, 4, 5, 6] };
  const norm = { mean: [0, 0], variance: [1, 1], epsilon: 1e-5 };
  it.each([
    [layer, { ...norm, mean: [0] }, 'mean must have 2 values, got 1; weight [2,3,1,1]'],
    [layer, { ...norm, gamma: [1, 1, 1] }, 'gamma must have 2 values, got 3; weight [2,3,1,1]'],
    [{ ...layer, weight: [1] }, norm, 'weight must have 6 values, got 1; weight [2,3,1,1]'],
    [{ ...layer, bias: [1] }, norm, 'bias must have 2 values, got 1; weight [2,3,1,1]'],
    [layer, { ...norm, beta: [0, Number.NaN] }, 'beta must be finite, value 1 is NaN'],
    [
      layer,
      { ...norm, variance: [1, -1] },
      'variance plus epsilon must be positive, channel 1 has -1 + 0.00001',
    ],
  ])('%o, %o', (broken, statistics, rule) => {
    expect(() => foldBatchNorm('conv1', broken, statistics)).toThrow(new WeightsError(`conv1: ${rule}`));
  });
});
