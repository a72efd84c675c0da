import { expect, it } from 'vitest';
import { leakyReluFamily, sigmoidFamily } from '../../harness/cases/activation.js';
import { ShapeError } from '../../src/base/errors.js';
import { leakyRelu } from '../../src/kernels/activation.js';
import { leakyReluReference, sigmoidReference } from '../../src/reference/activation.js';
import { ndarray } from '../../src/reference/array.js';
import { checkFamily } from './shared.js';

it('leaky_relu by hand: zero has the gradient of the negative side', () => {
  const x = ndarray([3], [-2, 0, 4]);
  const y = leakyReluReference.forward({ x }, { slope: 0.25 });
  expect([...y.data]).toEqual([-0.5, 0, 4]);
  const dx = leakyReluReference.backward.x!({ x }, y, ndarray([3], [8, 8, 8]), { slope: 0.25 });
  expect([...dx.data]).toEqual([2, 2, 8]);
});

it('sigmoid by hand', () => {
  const x = ndarray([3], [0, Math.log(3), -Math.log(3)]);
  const y = sigmoidReference.forward({ x }, {});
  for (const [i, expected] of [1 / 2, 3 / 4, 1 / 4].entries()) expect(y.data[i]).toBeCloseTo(expected, 15);
  const dx = sigmoidReference.backward.x!({ x }, y, ndarray([3], [4, 16, -16]), {});
  for (const [i, expected] of [1, 3, -3].entries()) expect(dx.data[i]).toBeCloseTo(expected, 14);
});

it.each([-0.1, 1.5, Number.NaN])('leaky_relu refuses a slope of %d', (slope) => {
  expect(() => leakyRelu.output({ x: [1, 3, 2, 2] }, { slope }, 'conv1')).toThrow(
    new ShapeError(`leaky_relu at conv1: slope must lie in 0..1, got ${slope}`),
  );
});

checkFamily(leakyReluFamily);
checkFamily(sigmoidFamily);
