// Convolution with one filter for each channel.
import {
  type DepthwiseVariant,
  depthwiseConv2d as depthwiseShader,
} from '../../shaders/depthwise_conv2d.wgsl.js';
import {
  type DepthwiseBackwardVariant,
  depthwiseConv2dBackwardData,
} from '../../shaders/depthwise_conv2d_backward_data.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { HALO } from '../base/layout.js';
import { sidesOf } from '../base/padding.js';
import { ceilDiv, nchw } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, type Target } from '../gpu/kernel.js';
import {
  FILTER_PARAMS,
  type FilterAttrs,
  type FilterTensors,
  filterBindings,
  filterCost,
  filteredShape,
  filterTensors,
  given,
  tileOf,
} from './filter-geometry.js';
import { imageGrid } from './image-grid.js';
import { loadOf } from './load.js';
import type { OpContext, OpSpec, Tensors } from './op.js';

const plain = { load: 'buffer', bias: true, relu: true } as const;
const separable = { ...plain, r: 3, s: 3, tileP: 2, tileQ: 4, stride: 1, flip: false, inside: true } as const;

/** A filter for each channel: the forward pass, and turned, the data gradient of stride 1. */
export const depthwiseConv2dKernel: KernelSpec<DepthwiseVariant> = {
  name: 'depthwise_conv2d',
  bindings: filterBindings,
  params: { C4: 'u32', ...FILTER_PARAMS },
  shader: depthwiseShader,
  variants: [
    separable,
    { ...separable, load: 'texture' },
    { ...separable, stride: 2, tileP: 1 },
    { ...separable, flip: true, bias: false, relu: false },
    { ...separable, inside: false, r: 5, s: 5 },
  ],
};

/** Data gradient of a depthwise convolution of any stride. */
export const depthwiseConv2dBackwardDataKernel: KernelSpec<DepthwiseBackwardVariant> = {
  name: 'depthwise_conv2d_backward_data',
  bindings: () => ({ dy: 'read', weight: 'read', dx: 'read_write' }),
  params: { C4: 'u32', ...FILTER_PARAMS, R: 'u32', S: 'u32' },
  shader: depthwiseConv2dBackwardData,
  variants: [{ stride: 1 }, { stride: 2 }],
};

/**
 * y = act(conv(x, weight) + bias) with one filter a channel: x [N,C,H,W], weight [C,1,R,S], bias [C] -> y [N,C,P,Q] with
 * P = floor((H + top + bottom - R) / stride) + 1. Gradient to x alone.
 */
export const depthwiseConv2d: OpSpec<FilterAttrs> = {
  name: 'depthwise_conv2d',
  inputs: ['x', 'weight', 'bias'],
  optional: ['bias'],
  layouts: { weight: 'filter' },
  saves: ['weight'],
  output(shapes, attrs, where) {
    const place = `depthwise_conv2d at ${where}`;
    const [, c] = nchw(place, shapes.x!);
    const [k, j] = nchw(place, shapes.weight!);
    if (k !== c || j !== 1) {
      throw new ShapeError(`${place}: weight must be [${c},1,R,S] for ${c} channels; ${given(shapes)}`);
    }
    return { shape: filteredShape(shapes, attrs, place), layout: 'image' };
  },
  forward: (t, attrs, ctx) => [
    depthwiseDispatch(`depthwise_conv2d:forward at ${ctx.where}`, ctx.target, filterTensors(t), {
      ...attrs,
      ...sidesOf(ctx.where, attrs.pad),
      flip: false,
    }),
  ],
  rectifies: ({ relu }) => relu ?? false,
  backward: { x: depthwiseBackward },
  cost: filterCost,
};

interface DepthwiseGeometry {
  readonly stride: number;
  readonly top: number;
  readonly left: number;
  readonly relu?: boolean;
  readonly flip: boolean;
}

function depthwiseDispatch(
  label: string,
  target: Target,
  { x, weight, bias, y }: FilterTensors,
  { stride, top, left, relu = false, flip }: DepthwiseGeometry,
): Dispatch<Tensor> {
  const [n, c, H, W] = nchw(label, x.shape);
  const [, , P, Q] = nchw(label, y.shape);
  const [, , r, s] = nchw(label, weight.shape);
  const C4 = ceilDiv(c, 4);
  const last = (outputs: number, window: number, before: number) => (outputs - 1) * stride + window - before;
  const inside = top <= HALO && left <= HALO && last(P, r, top) <= H + HALO && last(Q, s, left) <= W + HALO;
  // Two rows of outputs share loads only where their windows overlap; larger windows hold too many weights.
  const tileP = stride < r && r <= 3 && P > 1 ? 2 : 1;
  const tileQ = tileOf(Q);
  return dispatch(
    depthwiseConv2dKernel,
    { r, s, tileP, tileQ, stride, flip, inside, load: loadOf(target, x), bias: bias !== undefined, relu },
    label,
    bias ? { x, weight, bias, y } : { x, weight, y },
    { C4, H, W, P, Q, top, left },
    imageGrid(label, target, ceilDiv(Q, tileQ), ceilDiv(P, tileP), n * C4),
  );
}

function depthwiseBackward(t: Tensors, attrs: FilterAttrs, ctx: OpContext): Dispatch<Tensor>[] {
  const label = `depthwise_conv2d:backward:x at ${ctx.where}`;
  const dx = t.dx!;
  const weight = t.weight!;
  const [n, c, H, W] = nchw(label, dx.shape);
  const [, , P, Q] = nchw(label, t.dy!.shape);
  const [, , R, S] = nchw(label, weight.shape);
  const { top, left } = sidesOf(label, attrs.pad);
  // The gradient of a convolution of stride 1 is a convolution with the turned filter.
  if (attrs.stride === 1 && top < R && left < S) {
    const turned = { stride: 1, top: R - 1 - top, left: S - 1 - left, flip: true };
    return [depthwiseDispatch(label, ctx.target, { x: t.dy!, weight, y: dx }, turned)];
  }
  const C4 = ceilDiv(c, 4);
  return [
    dispatch(
      depthwiseConv2dBackwardDataKernel,
      { stride: attrs.stride },
      label,
      { dy: t.dy!, weight, dx },
      { C4, H, W, P, Q, top, left, R, S },
      imageGrid(label, ctx.target, W, H, n * C4),
    ),
  ];
}
