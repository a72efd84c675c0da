import { crossMapLrn } from '../../src/kernels/cross-map-lrn.js';
import { crossMapLrnReference } from '../../src/reference/cross-map-lrn.js';
import { family } from './family.js';

export const crossMapLrnFamily = family({
  op: crossMapLrn,
  reference: crossMapLrnReference,
  build: (p) => ({
    shapes: { x: [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')] },
    attrs: {
      size: p.number('size', 5),
      alpha: p.number('alpha', 1e-4),
      beta: p.number('beta', 0.75),
      k: p.number('k', 1),
    },
  }),
  // With the usual alpha y is nearly x: larger ones make the neighbours count.
  cases: [
    'C=3;H=5;W=7',
    'C=64;H=6;W=5',
    'C=3;H=5;W=7;alpha=2',
    'N=2;C=5;H=4;W=9;alpha=5',
    'N=17;C=9;H=3;W=2;alpha=5',
    'C=1;H=1;W=1;alpha=5',
    'C=18;H=9;W=3;alpha=10;size=3',
    'C=11;H=3;W=8;alpha=5;size=10',
    'C=7;H=3;W=8;alpha=5;size=1',
    'C=6;H=3;W=8;alpha=5;size=2;k=2;beta=0.5',
    'C=13;H=3;W=4;alpha=8;size=7;beta=1.5;k=0.1',
  ],
  gradients: ['C=3;H=2;W=3;alpha=2', 'N=2;C=7;H=2;W=2;alpha=3;size=4', 'C=9;H=1;W=2;alpha=3;beta=1.2;k=0.5'],
  bench: ['C=64;H=24;W=24', 'C=192;H=24;W=24', 'N=16;C=64;H=24;W=24'],
});
