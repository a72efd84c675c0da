import { avgPool2d, maxPool2d } from '../../src/kernels/pool2d.js';
import { avgPool2dReference, maxPool2dReference } from '../../src/reference/pool2d.js';
import { type CaseParams, family } from './family.js';

const image = (p: CaseParams) => [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')];
const geometry = (p: CaseParams) => ({
  window: p.number('window', 2),
  stride: p.number('stride', 2),
  pad: p.number('pad', 0),
  ceilMode: p.flag('ceil'),
});

const cases = [
  'C=3;H=4;W=6',
  'C=1;H=2;W=2',
  'N=2;C=5;H=9;W=11',
  'C=8;H=33;W=17',
  'C=3;H=1;W=70;ceil',
  'C=4;H=7;W=5;ceil',
  'C=5;H=8;W=9;window=3',
  'C=5;H=8;W=9;window=3;ceil',
  'C=3;H=7;W=10;window=3;pad=1',
  'N=2;C=4;H=8;W=8;window=3;pad=1;ceil',
  'C=2;H=6;W=5;window=3;stride=1;pad=1',
  'C=2;H=6;W=5;window=3;stride=1;pad=2',
  'C=4;H=9;W=9;window=2;stride=3',
  'C=4;H=10;W=7;window=3;stride=3;ceil',
  'C=4;H=10;W=7;window=3;stride=3;pad=2;ceil',
  'C=3;H=1;W=1;window=1;stride=1',
];

const bench = [
  'C=64;H=256;W=256',
  'C=128;H=128;W=128',
  'C=256;H=64;W=64',
  'C=512;H=32;W=32',
  'C=64;H=48;W=48;window=3;pad=1',
];

export const maxPool2dFamily = family({
  op: maxPool2d,
  reference: maxPool2dReference,
  build: (p) => ({
    shapes: { x: image(p) },
    attrs: geometry(p),
    // Whole numbers tie often, as zeros do behind a ReLU.
    ...(p.flag('ties') ? { values: { x: (normal: number) => Math.round(normal) } } : {}),
  }),
  cases: [
    ...cases,
    'N=2;C=6;H=32;W=24;ties',
    'C=6;H=31;W=23;ties;ceil',
    'C=6;H=21;W=22;window=3;ties',
    'C=6;H=21;W=22;window=3;pad=1;ties;ceil',
    'C=6;H=21;W=22;window=3;stride=1;pad=1;ties',
  ],
  gradients: ['C=2;H=4;W=5', 'N=2;C=2;H=5;W=5;ceil', 'C=2;H=5;W=6;window=3;stride=1;pad=1'],
  bench,
});

export const avgPool2dFamily = family({
  op: avgPool2d,
  reference: avgPool2dReference,
  build: (p) => ({ shapes: { x: image(p) }, attrs: { ...geometry(p), scale: p.number('scale', 1) } }),
  cases: [...cases, 'C=5;H=9;W=11;scale=2', 'C=5;H=9;W=11;window=3;pad=1;scale=-0.3'],
  gradients: [
    'C=2;H=4;W=5',
    'N=2;C=2;H=5;W=5;ceil',
    'C=2;H=5;W=6;window=3;stride=1;pad=1;scale=2',
    'C=2;H=10;W=7;window=3;stride=3;pad=2;ceil',
  ],
  bench,
});
