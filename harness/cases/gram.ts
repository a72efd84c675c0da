import { gram } from '../../src/kernels/gram.js';
import { gramReference } from '../../src/reference/gram.js';
import { family } from './family.js';

export const gramFamily = family({
  op: gram,
  reference: gramReference,
  build: (p) => ({
    shapes: { x: [1, p.number('C'), p.number('H'), p.number('W')] },
    attrs: { scale: p.number('scale', 1) },
  }),
  cases: [
    'C=3;H=5;W=7;scale=0.25',
    'C=1;H=1;W=1',
    'C=5;H=1;W=9',
    'C=8;H=13;W=2',
    'C=12;H=33;W=31;scale=0.001',
    'C=17;H=4;W=5',
    'C=9;H=130;W=67',
    'C=64;H=16;W=16',
  ],
  gradients: ['C=3;H=4;W=3;scale=0.3'],
  bench: ['C=64;H=256;W=256', 'C=128;H=128;W=128', 'C=256;H=64;W=64', 'C=512;H=32;W=32', 'C=512;H=16;W=16'],
});
