import { expect, it } from 'vitest';
import { conv2dFamily } from '../../harness/cases/conv2d.js';
import { ndarray } from '../../src/reference/array.js';
import { conv2dReference } from '../../src/reference/conv2d.js';
import { checkFamily } from './shared.js';

it('matches a convolution done by hand', () => {
  // 1 2 3      1 0
  // 4 5 6  *   0 2   = 1*1+2*5 …, plus bias 1, no padding
  // 7 8 9
  const x = ndarray([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const weight = ndarray([1, 1, 2, 2], [1, 0, 0, 2]);
  const y = conv2dReference.forward({ x, weight, bias: ndarray([1], [1]) }, { stride: 1, pad: 0 });
  expect([...y.data]).toEqual([12, 15, 21, 24]);
});

checkFamily(conv2dFamily);
