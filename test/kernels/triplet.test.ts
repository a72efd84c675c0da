import { describe, expect, it } from 'vitest';
import { mineNegativesFamily, tripletCountsFamily, tripletLossFamily } from '../../harness/cases/triplet.js';
import { buildCase, caseInputs } from '../../harness/check.js';
import { ShapeError } from '../../src/base/errors.js';
import { tensor } from '../../src/base/tensor.js';
import { PLAIN_TARGET } from '../../src/gpu/kernel.js';
import { Tape } from '../../src/graph/tape.js';
import { type Miner, mineNegatives, tripletCounts, tripletLoss } from '../../src/kernels/triplet.js';
import { ndarray } from '../../src/reference/array.js';
import {
  mineNegativesReference,
  tripletCountsReference,
  tripletLossReference,
} from '../../src/reference/triplet.js';
import { checkFamily } from './shared.js';

/** Two pictures of one person, then three of others; what the first sees: 4 to its like, 3, 4.5 and 9 to the others. */
const labels = ndarray([5], [7, 7, 1, 2, 3]);
const distances = ndarray([5, 5], [0, 4, 3, 4.5, 9, 4, 0, 9, 9, 9, ...Array<number>(15).fill(1)]);
const mined = (mode: Miner, margin = 1, seed = 1) =>
  mineNegativesReference.forward({ distances, labels }, { mode, margin, seed }).data;

describe('mining by hand', () => {
  it.each<[Miner, readonly number[]]>([
    ['hard', [2]],
    ['semi-hard', [3]],
    ['in-margin', [2, 3]],
    ['random', [2, 3, 4]],
  ])('%s', (mode, fitting) => {
    const seen = new Set(Array.from({ length: 50 }, (_, seed) => mined(mode, 1, seed)[1]!));
    expect([...seen].sort()).toEqual(fitting);
  });
  it('a pair without a candidate, and pairs that are none', () => {
    // The second picture's others all lie at 9: none is nearer than 4 + 1.
    expect(mined('semi-hard')[5]).toBe(-1);
    expect(mined('random')[0]).toBe(-1);
    expect([...mined('random').slice(10)].every((n) => n === -1)).toBe(true);
  });
});

it('the loss by hand, over active and over all triplets', () => {
  const negatives = ndarray([5, 5], [-1, 3, -1, -1, -1, 4, ...Array<number>(19).fill(-1)]);
  const counts = tripletCountsReference.forward({ distances, negatives }, { margin: 1 });
  // (0,1,3): 4 - 4.5 + 1 = 0.5; (1,0,4): 4 - 9 + 1 is below 0.
  expect([...counts.data.slice(0, 6)]).toEqual([2, 1, 0, 5, 8, 13.5]);
  const loss = (mean: 'active' | 'valid') =>
    tripletLossReference.forward({ distances, negatives, counts }, { margin: 1, mean }).data[0];
  expect([loss('active'), loss('valid')]).toEqual([0.5, 0.25]);
  const gradient = tripletLossReference.backward.distances!(
    { distances, negatives, counts },
    ndarray([1], [0.5]),
    ndarray([1], [3]),
    { margin: 1, mean: 'valid' },
  );
  expect([...gradient.data.slice(0, 6)]).toEqual([0, 1.5, 0, -1.5, 0, 0]);
});

it('the cases mine something, and leave something out', () => {
  for (const text of mineNegativesFamily.cases.filter((name) => name.startsWith('N=97'))) {
    const built = buildCase(mineNegativesFamily, text);
    const found = mineNegativesReference.forward(caseInputs(built, 1), built.attrs as never).data;
    const share = found.filter((n) => n >= 0).length / 97;
    // 97 pictures of 24 people make 3 or 4 pairs each.
    expect(share, text).toBeGreaterThan(0.3);
    expect(share, text).toBeLessThan(3.5);
  }
});

describe('shapes', () => {
  const pinned = (...shape: number[]) => tensor('t', shape, { lifetime: 'pinned' });
  const tape = new Tape(PLAIN_TARGET);
  const attrs = { mode: 'hard', margin: 1, seed: 1 } as const;
  it.each([
    [
      'a matrix that is not square',
      () => tape.record(tripletCounts, 'c', { distances: pinned(3, 4), negatives: pinned(3, 4) }, attrs),
    ],
    [
      'labels of another batch',
      () => tape.record(mineNegatives, 'm', { distances: pinned(3, 3), labels: pinned(4) }, attrs),
    ],
    [
      'a margin below 0',
      () =>
        tape.record(
          mineNegatives,
          'm',
          { distances: pinned(3, 3), labels: pinned(3) },
          { ...attrs, margin: -1 },
        ),
    ],
    [
      'negatives of another batch',
      () =>
        tape.record(
          tripletLoss,
          'l',
          { distances: pinned(3, 3), negatives: pinned(4, 4), counts: pinned(8) },
          { margin: 1, mean: 'valid' },
        ),
    ],
    [
      'other counts',
      () =>
        tape.record(
          tripletLoss,
          'l',
          { distances: pinned(3, 3), negatives: pinned(3, 3), counts: pinned(4) },
          { margin: 1, mean: 'valid' },
        ),
    ],
  ])('refuses %s', (_what, record) => expect(record).toThrow(ShapeError));
});

checkFamily(mineNegativesFamily);
checkFamily(tripletCountsFamily);
checkFamily(tripletLossFamily);
