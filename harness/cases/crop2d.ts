import { crop2d } from '../../src/kernels/crop2d.js';
import { crop2dReference } from '../../src/reference/crop2d.js';
import { family } from './family.js';

export const crop2dFamily = family({
  op: crop2d,
  reference: crop2dReference,
  build: (p) => ({
    shapes: { x: [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')] },
    attrs: {
      top: p.number('top', 0),
      left: p.number('left', 0),
      height: p.number('h'),
      width: p.number('w'),
    },
  }),
  cases: [
    'C=3;H=5;W=7;top=1;left=2;h=3;w=4',
    'N=2;C=5;H=9;W=17;top=8;left=0;h=1;w=17',
    'C=4;H=6;W=6;h=6;w=6',
    'C=1;H=1;W=1;h=1;w=1',
    'C=3;H=12;W=33;top=4;left=20;h=8;w=13',
  ],
  gradients: ['C=2;H=4;W=5;top=1;left=2;h=2;w=3'],
  bench: ['C=3;H=1024;W=1024;top=128;left=256;h=512;w=512'],
});
