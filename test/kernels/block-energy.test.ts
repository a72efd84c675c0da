import { expect, it } from 'vitest';
import { blockEnergyFamily } from '../../harness/cases/block-energy.js';
import { ShapeError } from '../../src/base/errors.js';
import { blockEnergy } from '../../src/kernels/block-energy.js';
import { ndarray } from '../../src/reference/array.js';
import { blockEnergyReference } from '../../src/reference/block-energy.js';
import { checkFamily } from './shared.js';

it('block_energy by hand: (1 2; 2 4) and (9)', () => {
  const one = blockEnergyReference.forward({ x: ndarray([1, 2], [1, 2]) }, { block: 1 });
  expect([...one.data]).toEqual([25]);
  const two = blockEnergyReference.forward({ x: ndarray([2, 1], [3, 1]) }, { block: 1 });
  expect([...two.data]).toEqual([81, 1]);
});

it('refuses what is no matrix, and blocks that do not divide the rows', () => {
  expect(() => blockEnergy.output({ x: [7] }, { block: 1 }, 'relu3_1')).toThrow(
    new ShapeError('block_energy at relu3_1: x must be [M,C], got [7]'),
  );
  expect(() => blockEnergy.output({ x: [7, 3] }, { block: 2 }, 'relu3_1')).toThrow(
    new ShapeError('block_energy at relu3_1: blocks of 2 rows must divide x.shape[0] (7)'),
  );
});

checkFamily(blockEnergyFamily);
