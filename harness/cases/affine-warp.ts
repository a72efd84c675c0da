import { InputError } from '../../src/base/errors.js';
import { normal } from '../../src/base/random.js';
import { affineWarp, type WarpAttrs } from '../../src/kernels/affine-warp.js';
import { affineWarpReference } from '../../src/reference/affine-warp.js';
import { type CaseParams, family } from './family.js';

function modeOf(p: CaseParams): WarpAttrs['mode'] {
  const mode = p.word('mode', 'zero');
  if (mode !== 'zero' && mode !== 'replicate')
    throw new InputError(`case ${p.text}: mode must be zero or replicate, is ${mode}`);
  return mode;
}

/** Turns by `angle` degrees and scales around the centres, which random steps of about `jitter` pixels move. */
export const affineWarpFamily = family({
  op: affineWarp,
  reference: affineWarpReference,
  build(p) {
    const [n, h, w] = [p.number('N', 1), p.number('H'), p.number('W')];
    const [height, width] = [p.number('P'), p.number('Q')];
    const angle = (p.number('angle', 0) * Math.PI) / 180;
    const [scale, jitter, shear] = [p.number('scale', 1), p.number('jitter', 1), p.number('shear', 0)];
    const row = (a: number, b: number, centre: number, i: number) => [
      a,
      b,
      centre - (a * (width - 1) + b * (height - 1)) / 2 + jitter * normal(7, i),
    ];
    const matrix = Array.from({ length: n }, (_, i) => [
      ...row(scale * Math.cos(angle), -scale * Math.sin(angle), (w - 1) / 2, 2 * i),
      ...row(scale * (Math.sin(angle) + shear), scale * Math.cos(angle), (h - 1) / 2, 2 * i + 1),
    ]).flat();
    return {
      shapes: { x: [p.flag('one') ? 1 : n, p.number('C'), h, w], matrix: [n, 2, 3] },
      attrs: { height, width, mode: modeOf(p) },
      values: { matrix: (_normal: number, i: number) => matrix[i]! },
    };
  },
  cases: ['zero', 'replicate'].flatMap((mode) =>
    [
      'C=3;H=9;W=11;P=6;Q=8;jitter=0',
      'C=3;H=9;W=11;P=6;Q=8;angle=30',
      'N=2;C=5;H=12;W=7;P=9;Q=10;angle=200;scale=0.4',
      'N=3;one;C=3;H=20;W=17;P=6;Q=5;angle=-50;scale=1.5;jitter=4',
      'C=1;H=8;W=8;P=5;Q=5;scale=3',
      'C=4;H=6;W=7;P=13;Q=12;angle=90;scale=0.1',
      'C=3;H=6;W=7;P=5;Q=6;scale=0',
      'C=3;H=6;W=7;P=5;Q=6;angle=45;shear=1.41421356',
      'C=2;H=9;W=8;P=7;Q=7;angle=10;shear=0.4',
      'C=3;H=5;W=5;P=4;Q=4;jitter=50',
      'C=2;H=1;W=1;P=3;Q=4;scale=0.3',
      'N=3;one;C=3;H=240;W=320;P=96;Q=96;angle=20;scale=1.3;jitter=40',
      'C=1;H=300;W=1900;P=64;Q=80;angle=87;scale=5',
    ].map((text) => `${text};mode=${mode}`),
  ),
  gradients: [
    'C=2;H=6;W=5;P=4;Q=5;angle=30',
    'N=2;one;C=1;H=5;W=6;P=5;Q=4;angle=70;scale=0.6;mode=replicate',
    'N=2;C=2;H=4;W=4;P=3;Q=3;scale=1.7;jitter=2',
  ],
  bench: [
    'C=3;H=250;W=250;P=96;Q=96;angle=10;scale=1.2',
    'N=16;one;C=3;H=480;W=640;P=150;Q=150;angle=10;jitter=100',
  ],
});
