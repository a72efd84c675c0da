import { totalVariation } from '../../src/kernels/total-variation.js';
import { totalVariationReference } from '../../src/reference/total-variation.js';
import { family } from './family.js';

export const totalVariationFamily = family({
  op: totalVariation,
  reference: totalVariationReference,
  build: (p) => ({
    shapes: { x: [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')] },
    attrs: { form: p.flag('l2') ? ('l2' as const) : ('l1' as const), scale: p.number('scale', 1) },
    ...(p.flag('ties') ? { values: { x: (normal: number) => Math.round(normal) } } : {}),
  }),
  cases: [
    'C=3;H=5;W=7;scale=0.3',
    'C=3;H=5;W=7;scale=0.3;l2',
    'N=2;C=5;H=70;W=9',
    'N=2;C=5;H=70;W=9;l2;scale=-2',
    'C=3;H=96;W=130;scale=0.01',
    'C=3;H=96;W=130;scale=0.01;l2',
    'C=3;H=9;W=8;ties',
    'C=1;H=1;W=300',
    'C=2;H=300;W=1;l2',
    'C=1;H=1;W=1',
  ],
  gradients: ['C=3;H=4;W=3;scale=0.7', 'N=2;C=2;H=3;W=4;scale=0.7;l2'],
  bench: ['C=3;H=256;W=256', 'C=3;H=512;W=512;l2'],
});
