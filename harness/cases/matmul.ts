import { matmul } from '../../src/kernels/matmul.js';
import { matmulReference } from '../../src/reference/matmul.js';
import { family } from './family.js';

export const matmulFamily = family({
  op: matmul,
  reference: matmulReference,
  build: (p) => ({
    shapes: { a: [p.number('M'), p.number('K')], b: [p.number('K'), p.number('N')] },
    attrs: {},
  }),
  cases: [
    'M=1;K=1;N=1',
    'M=3;K=5;N=7',
    'M=9;K=2;N=4',
    'M=17;K=33;N=6',
    'M=64;K=64;N=64',
    'M=2;K=130;N=65',
    'M=33;K=4;N=1',
  ],
  gradients: ['M=3;K=4;N=2'],
  bench: ['M=64;K=64;N=64', 'M=128;K=128;N=128', 'M=256;K=256;N=256', 'M=512;K=512;N=512'],
});
