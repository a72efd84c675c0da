import { pairwiseDistances } from '../../src/kernels/pairwise-distances.js';
import { pairwiseDistancesReference } from '../../src/reference/pairwise-distances.js';
import { family } from './family.js';

export const pairwiseDistancesFamily = family({
  op: pairwiseDistances,
  reference: pairwiseDistancesReference,
  build: (p) => ({ shapes: { x: [p.number('N'), p.number('D')] }, attrs: {} }),
  cases: ['N=1;D=1', 'N=2;D=5', 'N=5;D=3', 'N=7;D=130', 'N=96;D=128', 'N=259;D=6'],
  gradients: ['N=3;D=5', 'N=5;D=2'],
  bench: ['N=96;D=128', 'N=480;D=128'],
});
