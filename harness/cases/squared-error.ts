import { reduceSum } from '../../src/kernels/reduce.js';
import { squaredError } from '../../src/kernels/squared-error.js';
import { reduceSumReference } from '../../src/reference/reduce.js';
import { squaredErrorReference } from '../../src/reference/squared-error.js';
import { type CaseParams, family } from './family.js';

/** An image, or with `flat` a matrix [H,C], with `vector` a vector [C]. */
function shapeOf(p: CaseParams): number[] {
  if (p.flag('vector')) return [p.number('C')];
  if (p.flag('flat')) return [p.number('H'), p.number('C')];
  return [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')];
}

export const squaredErrorFamily = family({
  op: squaredError,
  reference: squaredErrorReference,
  build(p) {
    const x = shapeOf(p);
    return { shapes: { x, target: x }, attrs: { scale: p.number('scale', 1) } };
  },
  cases: [
    'C=3;H=5;W=7;scale=0.25',
    'N=2;C=5;H=9;W=4',
    'C=1;H=1;W=1;scale=-3',
    'C=64;H=67;W=65;scale=0.001',
    'C=17;H=3;flat;scale=0.5',
    'C=6;vector',
    'C=256;H=256;flat',
  ],
  gradients: ['C=2;H=3;W=4;scale=0.7', 'C=3;H=3;flat'],
  bench: ['C=512;H=32;W=32', 'C=64;H=256;W=256', 'C=512;H=512;flat'],
});

export const reduceSumFamily = family({
  op: reduceSum,
  reference: reduceSumReference,
  build: (p) => ({ shapes: { x: shapeOf(p) }, attrs: { scale: p.number('scale', 1) } }),
  cases: [
    'C=3;H=5;W=7;scale=0.25',
    'N=2;C=5;H=9;W=4',
    'C=1;H=1;W=1;scale=-3',
    'C=64;H=67;W=65;scale=0.001',
    'C=17;H=3;flat',
    'C=1;vector',
  ],
  gradients: ['C=2;H=3;W=4;scale=0.7', 'C=3;H=3;flat'],
  bench: ['C=64;H=256;W=256'],
});
