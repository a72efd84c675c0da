import { expect, it } from 'vitest';
import { pairwiseDistancesFamily } from '../../harness/cases/pairwise-distances.js';
import { ShapeError } from '../../src/base/errors.js';
import { tensor } from '../../src/base/tensor.js';
import { PLAIN_TARGET } from '../../src/gpu/kernel.js';
import { Tape } from '../../src/graph/tape.js';
import { pairwiseDistances } from '../../src/kernels/pairwise-distances.js';
import { ndarray } from '../../src/reference/array.js';
import { pairwiseDistancesReference } from '../../src/reference/pairwise-distances.js';
import { checkFamily } from './shared.js';

it('distances of three points by hand', () => {
  const x = ndarray([3, 2], [0, 0, 3, 4, 3, 0]);
  const y = pairwiseDistancesReference.forward({ x }, {});
  expect([...y.data]).toEqual([0, 25, 9, 25, 0, 16, 9, 16, 0]);
  // Only the distance of the first from the second counts: 2 * (0 - 3), 2 * (0 - 4), and the reverse.
  const dy = ndarray([3, 3], [0, 1, 0, 0, 0, 0, 0, 0, 0]);
  expect([...pairwiseDistancesReference.backward.x!({ x }, y, dy, {}).data]).toEqual([-6, -8, 6, 8, 0, 0]);
});

it('wants rows', () => {
  const x = tensor('x', [4], { lifetime: 'pinned' });
  expect(() => new Tape(PLAIN_TARGET).record(pairwiseDistances, 'd', { x }, {})).toThrow(ShapeError);
});

checkFamily(pairwiseDistancesFamily);
