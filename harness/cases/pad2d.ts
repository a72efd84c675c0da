import { InputError } from '../../src/base/errors.js';
import { type PadAttrs, pad2d } from '../../src/kernels/pad2d.js';
import { pad2dReference } from '../../src/reference/pad2d.js';
import { type CaseParams, family } from './family.js';

function modeOf(p: CaseParams): PadAttrs['mode'] {
  const mode = p.word('mode', 'zero');
  if (mode !== 'zero' && mode !== 'replicate' && mode !== 'reflect') {
    throw new InputError(`case ${p.text}: mode must be zero, replicate or reflect, got ${mode}`);
  }
  return mode;
}

export const pad2dFamily = family({
  op: pad2d,
  reference: pad2dReference,
  build(p) {
    const all = p.number('pad', 0);
    return {
      shapes: { x: [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')] },
      attrs: {
        top: p.number('top', all),
        bottom: p.number('bottom', all),
        left: p.number('left', all),
        right: p.number('right', all),
        mode: modeOf(p),
      },
    };
  },
  cases: [
    'C=3;H=5;W=7;pad=1',
    'N=2;C=5;H=4;W=9;top=3;left=1;right=2',
    'C=3;H=5;W=7;pad=1;mode=replicate',
    'N=2;C=5;H=4;W=9;top=3;left=1;right=12;mode=replicate',
    'C=1;H=1;W=1;pad=4;mode=replicate',
    'C=4;H=1;W=33;top=2;bottom=5;mode=replicate',
    'C=3;H=5;W=7;pad=1;mode=reflect',
    'N=2;C=5;H=4;W=9;top=3;bottom=2;left=1;right=8;mode=reflect',
    'C=2;H=2;W=3;top=1;bottom=1;left=2;right=2;mode=reflect',
    'C=3;H=1;W=6;left=5;mode=reflect',
    'C=3;H=6;W=5;mode=reflect',
  ],
  gradients: [
    'C=2;H=3;W=4;pad=2',
    'C=2;H=3;W=4;top=2;left=1;right=3;mode=replicate',
    'N=2;C=2;H=3;W=4;top=2;bottom=1;right=3;mode=reflect',
  ],
  bench: ['C=3;H=256;W=256;pad=1;mode=replicate', 'C=3;H=512;W=512;pad=8;mode=reflect'],
});
