import { flatten, linear } from '../../src/kernels/linear.js';
import { flattenReference, linearReference } from '../../src/reference/linear.js';
import { family } from './family.js';

export const flattenFamily = family({
  op: flatten,
  reference: flattenReference,
  build: (p) => ({
    shapes: { x: [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')] },
    attrs: {},
  }),
  cases: ['C=3;H=5;W=7', 'N=2;C=5;H=3;W=3', 'N=3;C=7;H=1;W=1', 'C=1;H=1;W=1', 'N=2;C=8;H=4;W=9'],
  gradients: ['N=2;C=3;H=2;W=3'],
  bench: ['C=736;H=1;W=1', 'N=16;C=256;H=5;W=5'],
});

export const linearFamily = family({
  op: linear,
  reference: linearReference,
  build(p) {
    const [d, k] = [p.number('D'), p.number('K')];
    const shapes = { x: [p.number('N', 1), d], weight: [k, d] };
    return { shapes: p.flag('plain') ? shapes : { ...shapes, bias: [k] }, attrs: {} };
  },
  cases: [
    'D=1;K=1',
    'D=5;K=3',
    'N=2;D=7;K=9;plain',
    'N=4;D=3;K=5',
    'N=5;D=33;K=6;plain',
    'N=17;D=130;K=31',
    'N=3;D=736;K=128',
  ],
  gradients: ['N=2;D=5;K=3', 'N=3;D=2;K=2;plain'],
  bench: ['D=736;K=128', 'N=16;D=736;K=128', 'N=16;D=256;K=128;plain', 'D=4096;K=1000'],
});
