import { type Padding, samePadding } from '../../src/base/padding.js';
import { depthwiseConv2d } from '../../src/kernels/depthwise-conv2d.js';
import { groupedConv2d } from '../../src/kernels/grouped-conv2d.js';
import { depthwiseConv2dReference, groupedConv2dReference } from '../../src/reference/grouped-conv2d.js';
import { type CaseParams, family } from './family.js';

/** `same`: TensorFlow's padding; else `pad` pixels, or other numbers at some sides. */
function paddingOf(
  p: CaseParams,
  extents: readonly [number, number],
  window: number,
  stride: number,
): Padding {
  if (p.flag('same')) return samePadding(extents, [window, window], stride);
  const pad = p.number('pad', Math.floor(window / 2));
  return {
    top: p.number('top', pad),
    bottom: p.number('bottom', pad),
    left: p.number('left', pad),
    right: p.number('right', pad),
  };
}

function build(p: CaseParams, outputs: (channels: number) => number, groups: (channels: number) => number) {
  const [c, h, w] = [p.number('C'), p.number('H'), p.number('W')];
  const [window, stride] = [p.number('k', 3), p.number('stride', 1)];
  const attrs = { stride, pad: paddingOf(p, [h, w], window, stride), relu: p.flag('relu') };
  const shapes = {
    x: [p.number('N', 1), c, h, w],
    weight: [outputs(c), c / groups(c), window, window],
    ...(p.flag('nobias') ? {} : { bias: [outputs(c)] }),
  };
  return { shapes, attrs };
}

export const depthwiseConv2dFamily = family({
  op: depthwiseConv2d,
  reference: depthwiseConv2dReference,
  build: (p) =>
    build(
      p,
      (c) => c,
      (c) => c,
    ),
  cases: [
    'C=3;H=9;W=11',
    'N=2;C=5;H=8;W=7;relu',
    'C=1;H=1;W=1;nobias',
    'C=17;H=13;W=6;relu;nobias',
    'N=17;C=8;H=5;W=5',
    'C=5;H=12;W=15;stride=2;same;relu',
    'C=4;H=7;W=10;stride=2;same',
    'C=6;H=10;W=9;k=5;pad=2',
    'C=6;H=10;W=9;k=5;pad=0',
    'C=5;H=14;W=15;k=7;stride=2;pad=3',
    'C=3;H=6;W=7;k=4;same',
    'C=3;H=6;W=7;k=1;pad=0;stride=3',
    'C=3;H=4;W=5;pad=4;relu',
    'C=3;H=5;W=4;top=0;left=2;bottom=3;right=1',
    'C=64;H=56;W=57;relu',
    'C=2;H=3;W=65;k=2;stride=3;pad=0',
  ],
  gradients: [
    'C=3;H=5;W=4',
    'N=2;C=2;H=6;W=5;stride=2;same;relu',
    'C=2;H=4;W=5;k=2;top=0;left=1;bottom=2;right=0',
  ],
  bench: ['C=64;H=56;W=56;relu', 'C=256;H=14;W=14;relu', 'C=32;H=112;W=112;stride=2;same'],
});

export const groupedConv2dFamily = family({
  op: groupedConv2d,
  reference: groupedConv2dReference,
  build(p) {
    const groups = p.number('groups');
    const built = build(
      p,
      () => p.number('K'),
      () => groups,
    );
    return { ...built, attrs: { ...built.attrs, groups } };
  },
  cases: [
    'C=8;H=5;W=7;K=16;groups=2;relu',
    'N=2;C=6;H=5;W=9;K=10;groups=2',
    'C=9;H=6;W=5;K=3;groups=3;relu',
    'C=5;H=6;W=5;K=15;groups=5;nobias',
    'C=7;H=4;W=4;K=7;groups=7',
    'C=3;H=4;W=5;K=2;groups=1',
    'C=16;H=7;W=6;K=8;groups=2;k=5;stride=2;same',
    'C=6;H=10;W=7;K=4;groups=2;stride=2;same;relu',
    'N=17;C=8;H=3;W=3;K=8;groups=2;k=1;pad=0',
    'C=4;H=1;W=70;K=6;groups=2;k=2;pad=0;top=1;bottom=4;stride=3',
  ],
  gradients: [
    'C=4;H=4;W=3;K=6;groups=2',
    'N=2;C=3;H=5;W=4;K=3;groups=3;stride=2;same;relu',
    'C=8;H=3;W=3;K=8;groups=2;k=2;top=3;left=0;bottom=0;right=1',
  ],
  bench: [
    'C=64;H=56;W=56;K=64;groups=4;relu',
    'C=256;H=14;W=14;K=256;groups=8;relu',
    'C=66;H=28;W=28;K=66;groups=11',
  ],
});
