import { rectMask } from '../../src/kernels/rect-mask.js';
import { rectMaskReference } from '../../src/reference/rect-mask.js';
import { family } from './family.js';

export const rectMaskFamily = family({
  op: rectMask,
  reference: rectMaskReference,
  build: (p) => ({
    shapes: { x: [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')] },
    attrs: {
      top: p.number('top', 0),
      left: p.number('left', 0),
      bottom: p.number('bottom'),
      right: p.number('right'),
    },
  }),
  cases: [
    'C=3;H=5;W=7;top=1;left=2;bottom=4;right=6',
    'N=2;C=6;H=4;W=9;bottom=4;right=9',
    'C=5;H=9;W=33;top=8;left=32;bottom=9;right=33',
    'C=1;H=1;W=1;bottom=0;right=0',
  ],
  gradients: ['C=2;H=3;W=4;top=1;left=1;bottom=3;right=3'],
  bench: ['C=64;H=512;W=512;top=80;left=80;bottom=432;right=432'],
});
