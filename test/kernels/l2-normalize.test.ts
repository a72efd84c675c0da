import { expect, it } from 'vitest';
import { l2NormalizeFamily } from '../../harness/cases/l2-normalize.js';
import { checkCase } from '../../harness/check.js';
import { ShapeError } from '../../src/base/errors.js';
import { l2Normalize } from '../../src/kernels/l2-normalize.js';
import { ndarray } from '../../src/reference/array.js';
import { l2NormalizeReference } from '../../src/reference/l2-normalize.js';
import { checkFamily, describedAsGpu, useDevice } from './shared.js';

it('l2_normalize by hand', () => {
  // 9 + 16 + 11 = 36.
  const x = ndarray([1, 2], [3, 4]);
  const y = l2NormalizeReference.forward({ x }, { epsilon: 11 });
  expect([...y.data]).toEqual([3 / 6, 4 / 6]);
  // (dy - x * 18 / 36) / 6 with <x, dy> = 18.
  const dx = l2NormalizeReference.backward.x!({ x }, y, ndarray([1, 2], [6, 0]), { epsilon: 11 });
  expect(dx.data[0]).toBeCloseTo((6 - 3 / 2) / 6, 15);
  expect(dx.data[1]).toBeCloseTo(-2 / 6, 15);
});

it('l2_normalize by hand: a row of zeros stays zero and has a finite gradient', () => {
  const x = ndarray([1, 2], [0, 0]);
  const y = l2NormalizeReference.forward({ x }, {});
  expect([...y.data]).toEqual([0, 0]);
  const dx = l2NormalizeReference.backward.x!({ x }, y, ndarray([1, 2], [1, -2]), {});
  expect(dx.data[0]).toBeCloseTo(1e5, 8);
  expect(dx.data[1]).toBeCloseTo(-2e5, 8);
});

it.each([0, -1, 1e-40, 2, Number.NaN])('refuses an epsilon of %d', (epsilon) => {
  expect(() => l2Normalize.output({ x: [1, 128] }, { epsilon }, 'embedding')).toThrow(
    new ShapeError(`l2_normalize at embedding: epsilon must lie in 2^-126..1, got ${epsilon}`),
  );
});

it('refuses what is no matrix', () => {
  expect(() => l2Normalize.output({ x: [1, 128, 1, 1] }, {}, 'embedding')).toThrow(
    new ShapeError('l2_normalize at embedding: expected [N,D], got [1,128,1,1]'),
  );
});

checkFamily(l2NormalizeFamily);

const gpu = useDevice();

it.each(l2NormalizeFamily.cases)('%s with rows shared by a workgroup, as on a GPU', async (text) => {
  for (const result of await checkCase(describedAsGpu(gpu.device), l2NormalizeFamily, text))
    expect(result.ok, result.report).toBe(true);
});
