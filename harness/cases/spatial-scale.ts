import { spatialScale } from '../../src/kernels/spatial-scale.js';
import { spatialScaleReference } from '../../src/reference/spatial-scale.js';
import { family } from './family.js';

export const spatialScaleFamily = family({
  op: spatialScale,
  reference: spatialScaleReference,
  build(p) {
    const [n, h, w] = [p.number('N', 1), p.number('H'), p.number('W')];
    return { shapes: { x: [n, p.number('C'), h, w], mask: [p.flag('each') ? n : 1, 1, h, w] }, attrs: {} };
  },
  cases: ['C=3;H=5;W=7', 'N=2;C=6;H=4;W=9', 'N=3;C=9;H=4;W=9;each', 'C=1;H=1;W=1', 'C=5;H=1;W=40'],
  gradients: ['C=2;H=3;W=2', 'N=2;C=3;H=2;W=2;each'],
  bench: ['C=64;H=256;W=256'],
});
