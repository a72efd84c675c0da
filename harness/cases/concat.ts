import { concat, depthConcat, slice } from '../../src/kernels/concat.js';
import { concatReference, sliceReference } from '../../src/reference/concat.js';
import { type BuiltCase, type CaseParams, family } from './family.js';

/** Inputs x0, x1, ... of `C0`, `C1`, ... channels, each H x W or as large as `H1`, `W1`, ... say. */
function build(p: CaseParams): BuiltCase & { attrs: Record<string, never> } {
  const [n, h, w] = [p.number('N', 1), p.number('H'), p.number('W')];
  const shapes: Record<string, number[]> = {};
  for (let i = 0; i < 7; i++) {
    const channels = p.number(`C${i}`, 0);
    if (channels > 0) shapes[`x${i}`] = [n, channels, p.number(`H${i}`, h), p.number(`W${i}`, w)];
  }
  return { shapes, attrs: {} };
}

export const concatFamily = family({
  op: concat,
  reference: concatReference,
  build,
  cases: [
    'C0=4;C1=8;H=5;W=7',
    'C0=3;C1=5;H=4;W=9',
    'N=2;C0=8;C1=4;C2=3;H=3;W=5',
    'N=3;C0=1;C1=1;C2=1;C3=1;C4=1;H=2;W=3',
    'N=2;C0=2;C1=9;C2=4;C3=6;H=1;W=11',
    'C0=4;C1=4;C2=4;C3=4;C4=4;C5=4;C6=2;H=2;W=2',
    'C0=3;C1=1;C2=7;C3=5;C4=2;C5=8;C6=1;H=1;W=1',
    'C0=12;C1=4;C2=4;C3=8;C4=4;H=9;W=9',
    'C0=4;C1=4;C2=4;C3=4;C4=4;C5=4;H=3;W=1',
    'C0=4;C1=3;C2=4;C3=4;C4=4;C5=5;H=1;W=2',
  ],
  gradients: ['C0=3;C1=2;H=2;W=2', 'N=2;C0=4;C1=1;C2=2;H=1;W=2'],
  bench: ['C0=128;C1=32;C2=32;C3=64;H=12;W=12', 'N=16;C0=192;C1=64;C2=128;C3=256;H=6;W=6'],
});

export const depthConcatFamily = family({
  op: depthConcat,
  reference: concatReference,
  build,
  cases: [
    'C0=4;C1=4;H=4;W=4;H1=2;W1=2',
    'N=2;C0=3;C1=5;C2=2;H=7;W=6;H1=2;W1=3;H2=1;W2=6',
    'N=2;C0=8;C1=5;H=5;W=3;H0=3;W0=5',
    'C0=6;C1=4;C2=4;C3=3;H=12;W=12;H2=5;W2=5',
    'C0=3;C1=5;H=4;W=9',
    'N=3;C0=1;C1=1;C2=1;H=1;W=9;W1=1;W2=2',
  ],
  gradients: ['C0=3;C1=2;H=4;W=3;H1=1;W1=2'],
  bench: [
    'C0=128;C1=32;C2=32;C3=64;H=12;W=12;H2=5;W2=5',
    'N=16;C0=192;C1=64;C2=128;C3=256;H=6;W=6;H2=2;W2=2',
    'C0=384;C1=96;C2=256;H=3;W=3;H1=1;W1=1',
  ],
});

export const sliceFamily = family({
  op: slice,
  reference: sliceReference,
  build: (p) => ({
    shapes: { x: [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')] },
    attrs: { begin: p.number('begin'), channels: p.number('channels') },
  }),
  cases: [
    'C=8;H=5;W=7;begin=4;channels=4',
    'C=9;H=3;W=4;begin=1;channels=6',
    'N=2;C=11;H=2;W=9;begin=2;channels=9',
    'N=3;C=13;H=4;W=1;begin=7;channels=3',
    'N=2;C=12;H=1;W=33;begin=4;channels=5',
    'C=5;H=2;W=2;begin=0;channels=5',
    'C=1;H=1;W=1;begin=0;channels=1',
    'N=2;C=7;H=3;W=3;begin=6;channels=1',
  ],
  gradients: ['N=2;C=5;H=2;W=2;begin=1;channels=3'],
  bench: ['C=256;H=12;W=12;begin=128;channels=32', 'N=16;C=25;H=13;W=13;begin=5;channels=5'],
});
