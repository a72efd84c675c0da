// Convolutions as they are defined, each thread with a few neighbouring pixels of a few channels.
import { type ConvVariant, conv2dForward } from '../../shaders/conv2d_forward.wgsl.js';
import { HALO } from '../base/layout.js';
import { ceilDiv, nchw } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Bindings, type Dispatch, dispatch, type KernelSpec, type Target } from '../gpu/kernel.js';
import { type ConvOperands, type ConvStep, type Epilogue, epilogueOf, operandsOf } from './conv-tiled.js';
import { FINISHES, finishBindings, UNFINISHED } from './finish.js';
import { loadOf } from './load.js';

/** Sizes of the convolutions that compute every sum by itself. */
export const CONV_PARAMS = {
  C4: 'u32',
  H: 'u32',
  W: 'u32',
  K4: 'u32',
  P: 'u32',
  Q: 'u32',
  pad: 'u32',
} as const;
const FORWARD_PARAMS = { ...CONV_PARAMS, gridX: 'u32', folds: 'u32' } as const;

const base: ConvVariant = {
  r: 3,
  s: 3,
  tileQ: 8,
  tileK: 4,
  stride: 1,
  lanes: 8,
  workgroup: 8,
  inside: true,
  load: 'buffer',
  bias: true,
  relu: true,
  ...UNFINISHED,
};

export const conv2dForwardKernel: KernelSpec<ConvVariant> = {
  name: 'conv2d_forward',
  bindings: (v): Bindings => ({
    x: v.load === 'texture' ? 'texture' : 'read',
    weight: 'read',
    ...(v.bias ? { bias: 'read' } : {}),
    y: 'read_write',
    ...finishBindings(v),
  }),
  params: FORWARD_PARAMS,
  shader: conv2dForward,
  variants: [
    base,
    { ...base, relu: false },
    { ...base, load: 'texture' },
    { ...base, bias: false, relu: false, tileK: 1 },
    { ...base, inside: false, r: 5, s: 5 },
    { ...base, lanes: 0, workgroup: 64, tileQ: 4 },
    { ...base, lanes: 32, workgroup: 32 },
    { ...base, r: 7, s: 7, stride: 2, tileQ: 4, inside: false },
    { ...base, r: 1, s: 1, bias: false, relu: false },
    ...FINISHES.map((finish) => ({ ...base, bias: false, relu: false, ...finish })),
  ],
};

/** The convolution as one dispatch. */
export function directDispatch(
  label: string,
  target: Target,
  t: ConvOperands,
  attrs: ConvStep,
): Dispatch<Tensor> {
  const [, c, h, w] = nchw(label, t.x.shape);
  const [n, k, p, q] = nchw(label, t.y.shape);
  const [r, s] = t.weight.shape.slice(2) as [number, number];
  const k4 = ceilDiv(k, 4);
  const variant = chooseVariant(target, { r, s, k4, q, stride: attrs.stride, pad: attrs.pad });
  const groups = ceilDiv(p * ceilDiv(q, variant.tileQ), variant.workgroup);
  // Large pictures need more workgroups than one dimension may have: z takes the rest.
  const gridX = Math.min(groups, target.maxWorkgroups);
  const folds = ceilDiv(groups, gridX);
  return dispatch(
    conv2dForwardKernel,
    { ...variant, load: loadOf(target, t.x), ...epilogueOf(t, attrs) },
    label,
    operandsOf(t),
    { C4: ceilDiv(c, 4), H: h, W: w, K4: k4, P: p, Q: q, pad: attrs.pad, gridX, folds },
    [gridX, ceilDiv(k4, variant.tileK), n * folds],
  );
}

/** Tile sizes by what the adapter is; fixed, not among the candidates that are tuned. */
function chooseVariant(
  target: Target,
  shape: { r: number; s: number; k4: number; q: number; stride: number; pad: number },
): Omit<ConvVariant, 'load' | keyof Epilogue> {
  const { r, s, k4, q, stride, pad } = shape;
  const share = target.cpu && target.subgroupSize > 0;
  // Where rows of texels are shared by the taps, fewer channels keep the accumulators in registers.
  const tileK = k4 >= 4 && !(share && r >= 3) ? 4 : k4 >= 2 ? 2 : 1;
  // Wide tiles spare loads; on narrow maps they would compute pixels that do not exist.
  const tileQ = stride > 1 || r > 3 ? 2 : q >= 8 && share ? 8 : 4;
  return {
    r,
    s,
    tileQ,
    tileK,
    stride,
    lanes: share ? target.subgroupSize : 0,
    workgroup: share ? target.subgroupSize : target.cpu ? 8 : 64,
    inside: pad <= HALO,
  };
}
