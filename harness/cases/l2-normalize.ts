import { l2Normalize } from '../../src/kernels/l2-normalize.js';
import { l2NormalizeReference } from '../../src/reference/l2-normalize.js';
import { family } from './family.js';

export const l2NormalizeFamily = family({
  op: l2Normalize,
  reference: l2NormalizeReference,
  // `scale` makes rows longer or shorter, `blank` the first of them zero.
  build(p) {
    const d = p.number('D');
    const scale = p.number('scale', 1);
    const blank = p.flag('blank');
    const x = (normal: number, i: number) => (blank && i < d ? 0 : scale * normal);
    const attrs = { epsilon: p.number('epsilon', 1e-10) };
    return { shapes: { x: [p.number('N', 1), d] }, attrs, values: { x } };
  },
  cases: [
    'D=1',
    'D=5',
    'N=3;D=7;blank',
    'N=17;D=128;blank',
    'N=2;D=130;scale=1000',
    'N=9;D=3;scale=0.00001',
    'N=2;D=33;scale=1e-25',
    'N=2;D=9;epsilon=0.5',
    'N=600;D=4',
  ],
  gradients: ['N=2;D=5', 'N=3;D=2;epsilon=0.5'],
  bench: ['D=128', 'N=16;D=128', 'N=10000;D=128'],
});
