import { lpPool2d } from '../../src/kernels/lp-pool2d.js';
import { lpPool2dReference } from '../../src/reference/lp-pool2d.js';
import { family } from './family.js';

export const lpPool2dFamily = family({
  op: lpPool2d,
  reference: lpPool2dReference,
  build: (p) => ({
    shapes: { x: [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')] },
    attrs: {
      window: p.number('window', 3),
      stride: p.number('stride', 3),
      pad: p.number('pad', 0),
      ceilMode: p.flag('ceil'),
    },
    // Whole windows of zeros, as a ReLU leaves them.
    ...(p.flag('zeros') ? { values: { x: (normal: number) => Math.max(0, Math.trunc(normal)) } } : {}),
  }),
  cases: [
    'C=3;H=12;W=12',
    'C=5;H=7;W=8',
    'N=2;C=1;H=3;W=3',
    'N=17;C=6;H=6;W=4',
    'C=4;H=9;W=11;stride=2',
    'C=4;H=9;W=11;stride=2;pad=1',
    'C=3;H=8;W=10;stride=2;ceil',
    'C=3;H=6;W=5;stride=1;pad=2;ceil',
    'C=3;H=7;W=9;window=2;stride=2',
    'C=2;H=9;W=9;window=2;stride=3',
    'C=3;H=4;W=5;window=1;stride=1',
    'N=2;C=6;H=15;W=9;zeros',
    'C=6;H=11;W=12;stride=2;pad=1;zeros',
  ],
  gradients: ['C=2;H=6;W=7', 'N=2;C=2;H=5;W=6;stride=2;pad=1', 'C=1;H=5;W=4;stride=2;ceil'],
  bench: ['C=256;H=12;W=12', 'C=640;H=6;W=6', 'N=16;C=256;H=12;W=12'],
});
