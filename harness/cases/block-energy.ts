import { blockEnergy } from '../../src/kernels/block-energy.js';
import { blockEnergyReference } from '../../src/reference/block-energy.js';
import { family } from './family.js';

export const blockEnergyFamily = family({
  op: blockEnergy,
  reference: blockEnergyReference,
  // B blocks of n rows: more rows than columns, and fewer.
  build(p) {
    const [B, n, C] = [p.number('B', 1), p.number('n'), p.number('C')];
    return { shapes: { x: [B * n, C] }, attrs: { block: n } };
  },
  cases: ['n=1;C=1', 'n=5;C=3', 'B=3;n=4;C=7', 'B=5;n=9;C=33', 'B=2;n=36;C=16', 'B=70;n=2;C=5', 'n=130;C=17'],
  gradients: [],
  bench: ['B=16;n=144;C=256', 'B=1;n=2304;C=512'],
});
