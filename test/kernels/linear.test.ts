import { expect, it } from 'vitest';
import { flattenFamily, linearFamily } from '../../harness/cases/linear.js';
import { checkCase } from '../../harness/check.js';
import { ShapeError } from '../../src/base/errors.js';
import { flatten, linear } from '../../src/kernels/linear.js';
import { ndarray } from '../../src/reference/array.js';
import { flattenReference, linearReference } from '../../src/reference/linear.js';
import { checkFamily, describedAsGpu, useDevice } from './shared.js';

it('flatten by hand: channel by channel, row by row', () => {
  const x = ndarray([2, 2, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
  const y = flattenReference.forward({ x }, {});
  expect(y.shape).toEqual([2, 4]);
  expect([...y.data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(flattenReference.backward.x!({ x }, y, y, {})).toEqual(x);
});

it('linear by hand', () => {
  const inputs = {
    x: ndarray([2, 2], [1, 2, 3, 4]),
    weight: ndarray([3, 2], [1, 0, 0, 1, 1, -1]),
    bias: ndarray([3], [10, 20, 30]),
  };
  const y = linearReference.forward(inputs, {});
  expect([...y.data]).toEqual([11, 22, 29, 13, 24, 29]);
  const dy = ndarray([2, 3], [1, 0, 2, 0, 1, 0]);
  expect([...linearReference.backward.x!(inputs, y, dy, {}).data]).toEqual([3, -2, 0, 1]);
  expect([...linearReference.backward.weight!(inputs, y, dy, {}).data]).toEqual([1, 2, 3, 4, 2, 4]);
  expect([...linearReference.backward.bias!(inputs, y, dy, {}).data]).toEqual([1, 1, 2]);
});

it('names the extents that do not fit', () => {
  const at = (x: number[], weight: number[], bias?: number[]) => () =>
    linear.output({ x, weight, ...(bias ? { bias } : {}) }, {}, 'fc');
  expect(at([2, 3], [5, 4])).toThrow(
    new ShapeError('linear at fc: weight.shape[1] (4) must equal x.shape[1] (3); x [2,3], weight [5,4]'),
  );
  expect(at([2, 3, 1, 1], [5, 3])).toThrow(
    new ShapeError('linear at fc: x must be [N,D] and weight [K,D]; x [2,3,1,1], weight [5,3]'),
  );
  expect(at([2, 3], [5, 3], [4])).toThrow(
    new ShapeError('linear at fc: bias must be [5], got [4]; x [2,3], weight [5,3]'),
  );
  expect(() => flatten.output({ x: [2, 3] }, {}, 'fc')).toThrow(
    new ShapeError('flatten at fc: expected [N,C,H,W], got [2,3]'),
  );
});

checkFamily(flattenFamily);
checkFamily(linearFamily);

const gpu = useDevice();

it.each(linearFamily.cases)('%s with the sums shared by a workgroup, as on a GPU', async (text) => {
  for (const result of await checkCase(describedAsGpu(gpu.device), linearFamily, text))
    expect(result.ok, result.report).toBe(true);
});
