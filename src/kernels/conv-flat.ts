// Convolutions whose lanes count the pixels of all pictures in one row: for small maps, and for strides.
import { type ConvFlatVariant, conv2dFlat } from '../../shaders/conv2d_flat.wgsl.js';
import { ceilDiv, nchw } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Bindings, type Dispatch, dispatch, type KernelSpec, type Target } from '../gpu/kernel.js';
import { CONV_PARAMS } from './conv-direct.js';
import { type ConvOperands, type ConvStep, epilogueOf, operandsOf } from './conv-tiled.js';
import { FINISHES, finishBindings, UNFINISHED } from './finish.js';
import { loadOf } from './load.js';

const base: ConvFlatVariant = {
  tileT: 8,
  tileK: 4,
  lanes: 8,
  load: 'texture',
  transposed: false,
  bias: true,
  relu: true,
  ...UNFINISHED,
};
const gradient = { ...base, bias: false, relu: false };

export const conv2dFlatKernel: KernelSpec<ConvFlatVariant> = {
  name: 'conv2d_flat',
  bindings: (v): Bindings => ({
    x: v.load === 'texture' ? 'texture' : 'read',
    weight: 'read',
    ...(v.bias ? { bias: 'read' } : {}),
    y: 'read_write',
    ...finishBindings(v),
  }),
  params: { N: 'u32', ...CONV_PARAMS, R: 'u32', S: 'u32', stride: 'u32' },
  shader: conv2dFlat,
  variants: [
    base,
    { ...base, relu: false, tileT: 1, tileK: 1 },
    { ...base, tileK: 2, load: 'buffer' },
    { ...gradient, tileT: 4, lanes: 32, load: 'buffer' },
    { ...gradient, transposed: true },
    ...FINISHES.flatMap((finish) => [
      { ...gradient, ...finish },
      { ...gradient, transposed: true, ...finish },
    ]),
  ],
};

/**
 * y = act(conv(x, weight) + bias) as one dispatch; `transposed`: y is the data gradient of a convolution with these steps
 * whose gradient is x and whose flipped filter is weight. Undefined where the grid would not fit the adapter.
 */
export function flatDispatch(
  label: string,
  target: Target,
  t: ConvOperands,
  attrs: ConvStep,
  transposed = false,
): Dispatch<Tensor> | undefined {
  const [, c, H, W] = nchw(label, t.x.shape);
  const [N, k, P, Q] = nchw(label, t.y.shape);
  const [R, S] = t.weight.shape.slice(2) as [number, number];
  const { stride, pad } = attrs;
  const { subgroupSize: lanes } = target;
  const K4 = ceilDiv(k, 4);
  const step = transposed ? stride : 1;
  const count = N * ceilDiv(P, step) * ceilDiv(Q, step);
  const tileT = [8, 4, 2].find((tile) => count > (tile / 2) * lanes) ?? 1;
  const tileK = K4 >= 4 ? 4 : K4 >= 2 ? 2 : 1;
  const groups = ceilDiv(count, tileT * lanes);
  if (Math.max(groups, step ** 2) > target.maxWorkgroups) return undefined;
  const variant = { tileT, tileK, lanes, load: loadOf(target, t.x), transposed, ...epilogueOf(t, attrs) };
  const params = { N, C4: ceilDiv(c, 4), H, W, K4, P, Q, pad, R, S, stride };
  return dispatch(conv2dFlatKernel, variant, label, operandsOf(t), params, [
    groups,
    ceilDiv(K4, tileK),
    step ** 2,
  ]);
}
