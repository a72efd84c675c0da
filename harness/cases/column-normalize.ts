import { columnNormalize } from '../../src/kernels/column-normalize.js';
import { columnNormalizeReference } from '../../src/reference/column-normalize.js';
import { family } from './family.js';

export const columnNormalizeFamily = family({
  op: columnNormalize,
  reference: columnNormalizeReference,
  // Rectified, as what is divided by its mean must be; `blank` makes the first column zero.
  build(p) {
    const C = p.number('C');
    const blank = p.flag('blank');
    const attrs = {
      centre: p.flag('centre'),
      divide: p.flag('divide'),
      epsilon: p.number('epsilon', 0.01),
    };
    const x = (normal: number, i: number) => (blank && i % C === 0 ? 0 : Math.max(0, normal));
    return { shapes: { x: [p.number('M'), C] }, attrs, values: { x } };
  },
  cases: [
    'M=1;C=1;divide',
    'M=7;C=5;centre',
    'M=33;C=6;divide;blank',
    'M=130;C=17;centre;divide',
    'M=576;C=64;centre;divide;blank',
    'M=9;C=4',
  ],
  gradients: ['M=4;C=3;centre;divide;epsilon=0.5', 'M=3;C=2;centre', 'M=3;C=2;divide;epsilon=0.5'],
  bench: ['M=576;C=128;centre;divide', 'M=1024;C=512;centre'],
});
