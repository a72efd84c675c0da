import { weightedAddOp } from '../../src/kernels/arithmetic.js';
import { relu } from '../../src/kernels/relu.js';
import { reluReference, weightedAddReference } from '../../src/reference/pointwise.js';
import { type CaseParams, family } from './family.js';

const image = (p: CaseParams) => [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')];

export const reluFamily = family({
  op: relu,
  reference: reluReference,
  build: (p) => ({ shapes: { x: image(p) }, attrs: {} }),
  cases: ['C=3;H=5;W=7', 'N=2;C=8;H=4;W=4', 'C=1;H=1;W=1'],
  gradients: ['C=2;H=3;W=4'],
  bench: ['C=64;H=256;W=256'],
});

export const weightedAddFamily = family({
  op: weightedAddOp,
  reference: weightedAddReference,
  build(p) {
    const a = p.flag('flat') ? [p.number('C')] : image(p);
    const attrs = { alpha: p.number('alpha', 1), beta: p.number('beta', 1) };
    return { shapes: p.flag('unary') ? { a } : { a, b: a }, attrs };
  },
  cases: ['C=3;H=5;W=7;alpha=0.3;beta=-2', 'C=5;flat;alpha=2;beta=7', 'C=1;flat;unary;alpha=-0.5'],
  gradients: ['C=2;H=3;W=2;alpha=0.3;beta=-2'],
  bench: ['C=64;H=256;W=256'],
});
