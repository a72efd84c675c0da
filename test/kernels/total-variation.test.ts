import { expect, it } from 'vitest';
import { totalVariationFamily } from '../../harness/cases/total-variation.js';
import { ShapeError } from '../../src/base/errors.js';
import { totalVariation } from '../../src/kernels/total-variation.js';
import { ndarray } from '../../src/reference/array.js';
import { totalVariationReference } from '../../src/reference/total-variation.js';
import { checkFamily } from './shared.js';

// 1 4
// 1 9    differences: right 3 and 8, down 0 and 5
const x = ndarray([1, 1, 2, 2], [1, 4, 1, 9]);
const dy = ndarray([1], [1]);

it('total_variation l1 by hand: equal neighbours have no gradient', () => {
  const attrs = { form: 'l1', scale: 0.5 } as const;
  const y = totalVariationReference.forward({ x }, attrs);
  expect([...y.data]).toEqual([8]);
  expect([...totalVariationReference.backward.x!({ x }, y, dy, attrs).data]).toEqual([-0.5, 0, -0.5, 1]);
});

it('total_variation l2 by hand', () => {
  const attrs = { form: 'l2', scale: 1 } as const;
  const y = totalVariationReference.forward({ x }, attrs);
  expect([...y.data]).toEqual([9 + 64 + 25]);
  expect([...totalVariationReference.backward.x!({ x }, y, dy, attrs).data]).toEqual([-6, 6 - 10, -16, 26]);
});

it('refuses what is no picture', () => {
  expect(() => totalVariation.output({ x: [3, 4, 4] }, { form: 'l1', scale: 1 }, 'tv')).toThrow(
    new ShapeError('total_variation at tv: expected [N,C,H,W], got [3,4,4]'),
  );
});

checkFamily(totalVariationFamily);
