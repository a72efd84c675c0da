import { leakyRelu, sigmoid } from '../../src/kernels/activation.js';
import { leakyReluReference, sigmoidReference } from '../../src/reference/activation.js';
import { type CaseParams, family } from './family.js';

/** An image, or with `flat` a matrix [N,C]. */
function shapeOf(p: CaseParams): number[] {
  const n = p.number('N', 1);
  return p.flag('flat') ? [n, p.number('C')] : [n, p.number('C'), p.number('H'), p.number('W')];
}

export const leakyReluFamily = family({
  op: leakyRelu,
  reference: leakyReluReference,
  build: (p) => ({ shapes: { x: shapeOf(p) }, attrs: { slope: p.number('slope', 0.1) } }),
  cases: ['C=3;H=5;W=7', 'N=2;C=5;H=4;W=9;slope=0.3', 'C=1;H=1;W=1;slope=0', 'N=3;C=5;flat;slope=1'],
  gradients: ['C=2;H=3;W=4', 'N=2;C=3;flat;slope=0.3'],
  bench: ['C=64;H=48;W=48', 'C=64;H=256;W=256'],
});

export const sigmoidFamily = family({
  op: sigmoid,
  reference: sigmoidReference,
  // `scale` reaches far into both tails, beyond where exp(-x) overflows.
  build(p) {
    const scale = p.number('scale', 1);
    return { shapes: { x: shapeOf(p) }, attrs: {}, values: { x: (normal) => scale * normal } };
  },
  cases: [
    'C=3;H=5;W=7',
    'N=2;C=5;H=4;W=9;scale=10',
    'C=1;H=1;W=1',
    'N=3;C=5;flat',
    'N=2;C=129;flat;scale=100',
  ],
  gradients: ['C=2;H=3;W=4', 'N=2;C=3;flat;scale=3'],
  bench: ['C=25;H=13;W=13', 'C=64;H=256;W=256'],
});
