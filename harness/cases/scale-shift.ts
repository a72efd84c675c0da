import { scaleShift } from '../../src/kernels/scale-shift.js';
import { scaleShiftReference } from '../../src/reference/scale-shift.js';
import { family } from './family.js';

export const scaleShiftFamily = family({
  op: scaleShift,
  reference: scaleShiftReference,
  build(p) {
    const c = p.number('C');
    return {
      shapes: { x: [p.number('N', 1), c, p.number('H'), p.number('W')], scale: [c], shift: [c] },
      attrs: {},
    };
  },
  cases: ['C=3;H=5;W=7', 'N=2;C=5;H=4;W=9', 'N=3;C=8;H=1;W=33', 'C=1;H=1;W=1'],
  gradients: ['N=2;C=3;H=2;W=3'],
  bench: ['C=3;H=512;W=512', 'C=64;H=256;W=256'],
});
