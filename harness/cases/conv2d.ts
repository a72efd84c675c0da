import { InputError } from '../../src/base/errors.js';
import type { ConvAlgorithm } from '../../src/kernels/conv-algorithm.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import { conv2dReference } from '../../src/reference/conv2d.js';
import { type CaseParams, family } from './family.js';

/** As the adapter would choose unless the case says otherwise. */
function algorithm(p: CaseParams): ConvAlgorithm | undefined {
  const name = p.word('algorithm', 'auto');
  if (name === 'auto') return undefined;
  if (name === 'direct' || name === 'winograd2' || name === 'winograd4') return name;
  throw new InputError(`case ${p.text}: algorithm must be auto, direct, winograd2 or winograd4, is ${name}`);
}

export const conv2dFamily = family({
  op: conv2d,
  reference: conv2dReference,
  build(p) {
    const [n, c, h, w, k, window] = [
      p.number('N', 1),
      p.number('C'),
      p.number('H'),
      p.number('W'),
      p.number('K'),
      p.number('k', 3),
    ];
    const attrs = {
      stride: p.number('stride', 1),
      pad: p.number('pad', Math.floor(window / 2)),
      relu: p.flag('relu'),
      algorithm: algorithm(p),
    };
    const shapes = {
      x: [n, c, h, w],
      weight: [k, c, window, window],
      ...(p.flag('nobias') ? {} : { bias: [k] }),
    };
    // How large the pixels are: f16 ends at 65504 and has no normal number below 6e-5.
    const size = p.number('size', 1);
    return { shapes, attrs, values: { x: (normal: number) => size * normal } };
  },
  cases: [
    'C=3;H=9;W=11;K=5',
    'C=3;H=9;W=11;K=5;relu',
    'N=2;C=8;H=8;W=8;K=16;relu',
    'C=17;H=13;W=7;K=21;relu;nobias',
    'C=64;H=17;W=33;K=32;relu',
    'C=4;H=5;W=5;K=8;k=1;pad=0',
    'C=6;H=10;W=9;K=4;k=5',
    'C=6;H=10;W=9;K=4;k=3;pad=0',
    'C=5;H=14;W=15;K=6;k=7;stride=2',
    'C=5;H=11;W=9;K=6;k=3;stride=2',
    'C=4;H=9;W=9;K=4;k=1;stride=2;pad=0',
    'N=2;C=9;H=10;W=11;K=6;k=2;stride=3;pad=0',
    'N=2;C=17;H=7;W=12;K=9;k=4;stride=3;pad=5;relu',
    'C=4;H=5;W=6;K=4;k=1;pad=1',
    'C=3;H=4;W=5;K=4;k=3;pad=4;relu',
    'C=3;H=1;W=1;K=2',
    'C=3;H=2;W=65;K=4;relu',
    'C=5;H=7;W=6;K=6;size=1e6;relu',
    'C=5;H=7;W=6;K=6;size=1e-9;nobias',
    'C=5;H=3;W=4;K=6;size=0',
    // Layers of nn4.small2, and pictures of a batch that are summed together.
    'N=2;C=3;H=32;W=32;K=64;k=7;stride=2;relu',
    'N=3;C=192;H=12;W=12;K=16;k=1;pad=0',
    'N=2;C=16;H=12;W=12;K=32;k=5',
    'N=2;C=32;H=12;W=12;K=64;k=5;stride=2;relu',
    'C=96;H=6;W=6;K=192;nobias',
    'N=2;C=40;H=6;W=6;K=64;stride=2;relu',
    'N=32;C=64;H=3;W=3;K=24;k=1;pad=0;relu',
    'N=32;C=6;H=5;W=7;K=10',
    ...['winograd2', 'winograd4'].flatMap((name) =>
      [
        'C=3;H=9;W=11;K=5',
        'N=2;C=8;H=8;W=8;K=16;relu',
        'C=17;H=13;W=7;K=21;relu;nobias',
        'C=64;H=17;W=33;K=32;relu',
        'C=6;H=10;W=9;K=4;pad=0',
        'C=5;H=11;W=10;K=3;pad=2',
        'C=3;H=1;W=1;K=2',
        'C=35;H=5;W=6;K=37;relu',
        'C=36;H=12;W=15;K=33',
        'C=3;H=2;W=65;K=4;relu',
      ].map((text) => `${text};algorithm=${name}`),
    ),
  ],
  gradients: [
    'C=2;H=5;W=4;K=2;k=2;stride=3;pad=1',
    'C=3;H=5;W=4;K=2',
    'C=2;H=6;W=6;K=3;k=3;stride=2',
    'N=2;C=2;H=4;W=5;K=3;k=5;relu',
    'C=2;H=3;W=3;K=2;k=1;pad=0',
  ],
  bench: [
    'C=3;H=256;W=256;K=64;relu',
    'C=64;H=256;W=256;K=64;relu',
    'C=128;H=128;W=128;K=128;relu',
    'C=256;H=64;W=64;K=256;relu',
    'C=512;H=32;W=32;K=512;relu',
    'C=512;H=16;W=16;K=512;relu',
    'C=64;H=48;W=48;K=192;k=1;pad=0',
    'N=32;C=3;H=96;W=96;K=64;k=7;stride=2',
    'N=32;C=64;H=24;W=24;K=192',
    'N=32;C=192;H=12;W=12;K=96;k=1;pad=0',
    'N=32;C=32;H=12;W=12;K=64;k=5',
    'N=32;C=128;H=12;W=12;K=256;stride=2',
    'N=32;C=640;H=6;W=6;K=256;k=1;pad=0',
  ],
});
