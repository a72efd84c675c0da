import { resizeBilinear } from '../../src/kernels/resize.js';
import { resizeBilinearReference } from '../../src/reference/resize.js';
import { family } from './family.js';

export const resizeBilinearFamily = family({
  op: resizeBilinear,
  reference: resizeBilinearReference,
  build: (p) => ({
    shapes: { x: [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')] },
    attrs: { height: p.number('P'), width: p.number('Q'), antialias: p.flag('antialias') },
  }),
  cases: [
    'C=3;H=8;W=8;P=4;Q=4;antialias',
    'C=3;H=8;W=8;P=4;Q=4',
    'C=3;H=6;W=5;P=12;Q=15',
    'N=2;C=5;H=7;W=9;P=10;Q=13;antialias',
    'C=1;H=31;W=64;P=7;Q=9;antialias',
    'C=1;H=31;W=64;P=7;Q=9',
    'C=3;H=9;W=20;P=13;Q=3;antialias',
    'C=3;H=20;W=9;P=3;Q=13;antialias',
    'C=4;H=5;W=6;P=5;Q=11',
    'C=4;H=5;W=6;P=9;Q=6;antialias',
    'C=2;H=4;W=5;P=4;Q=5;antialias',
    'C=3;H=1;W=1;P=3;Q=4',
    'C=3;H=60;W=70;P=1;Q=1;antialias',
    'C=1;H=2;W=3000;P=2;Q=2121;antialias',
  ],
  gradients: [
    'C=2;H=6;W=5;P=3;Q=2;antialias',
    'C=2;H=6;W=5;P=4;Q=2',
    'N=2;C=1;H=3;W=4;P=5;Q=6;antialias',
    'C=1;H=3;W=7;P=5;Q=3;antialias',
  ],
  bench: [
    'C=3;H=512;W=512;P=256;Q=256;antialias',
    'C=3;H=256;W=256;P=362;Q=362;antialias',
    'C=3;H=1024;W=1024;P=256;Q=256;antialias',
  ],
});
