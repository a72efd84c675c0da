// Convolution in groups of channels, and with one filter for each channel.
import {
  type DepthwiseVariant,
  depthwiseConv2d as depthwiseShader,
} from '../../shaders/depthwise_conv2d.wgsl.js';
import {
  type DepthwiseBackwardVariant,
  depthwiseConv2dBackwardData,
} from '../../shaders/depthwise_conv2d_backward_data.wgsl.js';
import { filterRegroup } from '../../shaders/filter_regroup.wgsl.js';
import { type GroupedVariant, groupedConv2d as groupedShader } from '../../shaders/grouped_conv2d.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { geometryOf, HALO } from '../base/layout.js';
import { type Padding, type Sides, sidesOf } from '../base/padding.js';
import { ceilDiv, formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import {
  type Bindings,
  type Dispatch,
  dispatch,
  type KernelSpec,
  linearGrid,
  type Target,
} from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import { loadOf } from './load.js';
import type { OpContext, OpSpec, Shapes, Tensors } from './op.js';
import { reluBackwardDispatch } from './relu.js';

/** Geometry of a depthwise convolution; `relu` fuses max(0, .) behind the bias. */
export interface DepthwiseConvAttrs {
  readonly stride: number;
  /** Zeros around x, by side where they differ (`samePadding`). */
  readonly pad: Padding;
  readonly relu?: boolean;
}

/** Geometry of a grouped convolution. */
export interface GroupedConvAttrs extends DepthwiseConvAttrs {
  readonly groups: number;
}

const PIXEL_PARAMS = { H: 'u32', W: 'u32', P: 'u32', Q: 'u32', top: 'u32', left: 'u32' } as const;

const bindings = (v: { load: string; bias: boolean }): Bindings => ({
  x: v.load === 'texture' ? 'texture' : 'read',
  weight: 'read',
  ...(v.bias ? { bias: 'read' } : {}),
  y: 'read_write',
});

const plain = { load: 'buffer', bias: true, relu: true } as const;
const separable = { ...plain, r: 3, s: 3, tileP: 2, tileQ: 4, stride: 1, flip: false, inside: true } as const;

/** A filter for each channel: the forward pass, and turned, the data gradient of stride 1. */
export const depthwiseConv2dKernel: KernelSpec<DepthwiseVariant> = {
  name: 'depthwise_conv2d',
  bindings,
  params: { C4: 'u32', ...PIXEL_PARAMS },
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
  params: { C4: 'u32', ...PIXEL_PARAMS, R: 'u32', S: 'u32' },
  shader: depthwiseConv2dBackwardData,
  variants: [{ stride: 1 }, { stride: 2 }],
};

const grouped = { ...plain, blocks: true, tile: 4, stride: 1, transposed: false } as const;

/** Groups of channels: the forward pass, and transposed, the data gradient. */
export const groupedConv2dKernel: KernelSpec<GroupedVariant> = {
  name: 'grouped_conv2d',
  bindings,
  params: {
    C4: 'u32',
    K4: 'u32',
    ...PIXEL_PARAMS,
    R: 'u32',
    S: 'u32',
    groups: 'u32',
    inputs: 'u32',
    outputs: 'u32',
  },
  shader: groupedShader,
  variants: [
    grouped,
    { ...grouped, load: 'texture' },
    { ...grouped, blocks: false },
    { ...grouped, transposed: true, stride: 2, bias: false, relu: false },
  ],
};

/** Exchanges inputs and outputs of a filter, group by group. */
export const filterRegroupKernel: KernelSpec<Record<string, never>> = {
  name: 'filter_regroup',
  bindings: () => ({ weight: 'read', regrouped: 'read_write' }),
  params: { taps: 'u32', C: 'u32', C4: 'u32', K4: 'u32', inputs: 'u32', outputs: 'u32', stride: 'u32' },
  shader: filterRegroup,
  variants: [{}],
};

/**
 * y = act(conv(x, weight) + bias) with one filter a channel: x [N,C,H,W], weight [C,1,R,S], bias [C] -> y [N,C,P,Q] with
 * P = floor((H + top + bottom - R) / stride) + 1. Gradient to x alone.
 */
export const depthwiseConv2d: OpSpec<DepthwiseConvAttrs> = {
  name: 'depthwise_conv2d',
  inputs: ['x', 'weight', 'bias'],
  optional: ['bias'],
  layouts: { weight: 'filter' },
  saves: ['weight', 'y'],
  output(shapes, attrs, where) {
    const place = `depthwise_conv2d at ${where}`;
    const [, c] = nchw(place, shapes.x!);
    const [k, j] = nchw(place, shapes.weight!);
    if (k !== c || j !== 1) {
      throw new ShapeError(`${place}: weight must be [${c},1,R,S] for ${c} channels; ${given(shapes)}`);
    }
    return { shape: outputShape(shapes, attrs, place), layout: 'image' };
  },
  forward: (t, attrs, ctx) => [
    depthwiseDispatch(`depthwise_conv2d:forward at ${ctx.where}`, ctx.target, operandsOf(t), {
      ...attrs,
      ...sidesOf(ctx.where, attrs.pad),
      flip: false,
    }),
  ],
  shared: (t, attrs, ctx) => unmasked('depthwise_conv2d', t, attrs, ctx),
  backward: { x: depthwiseBackward },
  cost: convCost,
};

/**
 * y = act(conv(x, weight) + bias), output k of the g-th K/groups reading the g-th C/groups inputs: x [N,C,H,W], weight
 * [K,C/groups,R,S], bias [K] -> y [N,K,P,Q]. Fast where both are multiples of four. Gradient to x alone.
 */
export const groupedConv2d: OpSpec<GroupedConvAttrs> = {
  name: 'grouped_conv2d',
  inputs: ['x', 'weight', 'bias'],
  optional: ['bias'],
  layouts: { weight: 'filter' },
  saves: ['weight', 'y'],
  output(shapes, attrs, where) {
    const place = `grouped_conv2d at ${where}`;
    const { groups } = attrs;
    const [, c] = nchw(place, shapes.x!);
    const [k, j] = nchw(place, shapes.weight!);
    if (!Number.isInteger(groups) || groups < 1 || c % groups !== 0 || k % groups !== 0) {
      throw new ShapeError(
        `${place}: groups (${groups}) must divide the ${c} inputs and ${k} outputs; ${given(shapes)}`,
      );
    }
    if (j !== c / groups) {
      throw new ShapeError(
        `${place}: weight.shape[1] (${j}) must equal x.shape[1] / groups (${c / groups}); ${given(shapes)}`,
      );
    }
    return { shape: outputShape(shapes, attrs, place), layout: 'image' };
  },
  forward(t, attrs, ctx) {
    const label = `grouped_conv2d:forward at ${ctx.where}`;
    const inputs = t.x!.shape[1]! / attrs.groups;
    const outputs = t.y!.shape[1]! / attrs.groups;
    return [groupedDispatch(label, ctx.target, operandsOf(t), attrs, { inputs, outputs, transposed: false })];
  },
  shared: (t, attrs, ctx) => unmasked('grouped_conv2d', t, attrs, ctx),
  backward: { x: groupedBackward },
  cost: convCost,
};

interface ConvTensors {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias?: Tensor | undefined;
  readonly y: Tensor;
}

function operandsOf(t: Tensors): ConvTensors {
  return { x: t.x!, weight: t.weight!, bias: t.bias, y: t.y! };
}

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
  { x, weight, bias, y }: ConvTensors,
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
  const tileQ = 4;
  return dispatch(
    depthwiseConv2dKernel,
    { r, s, tileP, tileQ, stride, flip, inside, load: loadOf(target, x), bias: bias !== undefined, relu },
    label,
    bias ? { x, weight, bias, y } : { x, weight, y },
    { C4, H, W, P, Q, top, left },
    imageGrid(label, target, ceilDiv(Q, tileQ), ceilDiv(P, tileP), n * C4),
  );
}

function depthwiseBackward(t: Tensors, attrs: DepthwiseConvAttrs, ctx: OpContext): Dispatch<Tensor>[] {
  const label = `depthwise_conv2d:backward:x at ${ctx.where}`;
  const dx = t.dx!;
  const weight = t.weight!;
  const [n, c, H, W] = nchw(label, dx.shape);
  const [, , P, Q] = nchw(label, t.dz!.shape);
  const [, , R, S] = nchw(label, weight.shape);
  const { top, left } = sidesOf(label, attrs.pad);
  // The gradient of a convolution of stride 1 is a convolution with the turned filter.
  if (attrs.stride === 1 && top < R && left < S) {
    const turned = { stride: 1, top: R - 1 - top, left: S - 1 - left, flip: true };
    return [depthwiseDispatch(label, ctx.target, { x: t.dz!, weight, y: dx }, turned)];
  }
  const C4 = ceilDiv(c, 4);
  return [
    dispatch(
      depthwiseConv2dBackwardDataKernel,
      { stride: attrs.stride },
      label,
      { dy: t.dz!, weight, dx },
      { C4, H, W, P, Q, top, left, R, S },
      imageGrid(label, ctx.target, W, H, n * C4),
    ),
  ];
}

interface GroupSizes {
  /** Channels of x and of y in each group. */
  readonly inputs: number;
  readonly outputs: number;
  readonly transposed: boolean;
}

function groupedDispatch(
  label: string,
  target: Target,
  { x, weight, bias, y }: ConvTensors,
  attrs: GroupedConvAttrs,
  { inputs, outputs, transposed }: GroupSizes,
): Dispatch<Tensor> {
  const [n, c, H, W] = nchw(label, x.shape);
  const [, k, P, Q] = nchw(label, y.shape);
  const [, , R, S] = nchw(label, weight.shape);
  const { top, left } = sidesOf(label, attrs.pad);
  const [C4, K4] = [ceilDiv(c, 4), ceilDiv(k, 4)];
  const tile = 4;
  const blocks = inputs % 4 === 0 && outputs % 4 === 0;
  const { stride, groups } = attrs;
  const relu = !transposed && (attrs.relu ?? false);
  return dispatch(
    groupedConv2dKernel,
    { blocks, tile, stride, transposed, load: loadOf(target, x), bias: bias !== undefined, relu },
    label,
    bias ? { x, weight, bias, y } : { x, weight, y },
    { C4, K4, H, W, P, Q, top, left, R, S, groups, inputs, outputs },
    imageGrid(label, target, ceilDiv(Q, tile), P, n * K4),
  );
}

function groupedBackward(t: Tensors, attrs: GroupedConvAttrs, ctx: OpContext): Dispatch<Tensor>[] {
  const weight = t.weight!;
  const [K, inputs, R, S] = nchw('grouped_conv2d', weight.shape);
  const C = t.dx!.shape[1]!;
  const outputs = K / attrs.groups;
  const regrouped = ctx.scratch('regrouped', [C, outputs, R, S], 'filter');
  const grid = linearGrid(geometryOf(regrouped.shape, 'filter').vec4s, ctx.target);
  const regroup = dispatch(
    filterRegroupKernel,
    {},
    `grouped_conv2d:filter_regroup at ${ctx.where}`,
    { weight, regrouped },
    { taps: R * S, C, C4: ceilDiv(C, 4), K4: ceilDiv(K, 4), inputs, outputs, stride: grid.stride },
    grid.workgroups,
  );
  const label = `grouped_conv2d:backward:x at ${ctx.where}`;
  const operands = { x: t.dz!, weight: regrouped, y: t.dx! };
  const sizes = { inputs: outputs, outputs: inputs, transposed: true };
  return [regroup, groupedDispatch(label, ctx.target, operands, attrs, sizes)];
}

/** dz, the gradient before the ReLU that is fused into the op. */
function unmasked(name: string, t: Tensors, attrs: DepthwiseConvAttrs, ctx: OpContext) {
  if (!attrs.relu) return { tensors: { dz: t.dy! }, dispatches: [] };
  const dz = ctx.scratch('dz', t.y!.shape);
  const mask = reluBackwardDispatch(`${name}:mask at ${ctx.where}`, ctx.target, t.y!, t.dy!, dz);
  return { tensors: { dz }, dispatches: [mask] };
}

function outputShape(shapes: Shapes, { stride, pad }: DepthwiseConvAttrs, where: string): Shape {
  const [n, , h, w] = nchw(where, shapes.x!);
  const [k, , r, s] = nchw(where, shapes.weight!);
  const { bias } = shapes;
  if (bias && (bias.length !== 1 || bias[0] !== k)) {
    throw new ShapeError(`${where}: bias must be [${k}], got ${formatShape(bias)}; ${given(shapes)}`);
  }
  if (!Number.isInteger(stride) || stride < 1)
    throw new ShapeError(`${where}: stride must be a positive integer, got ${stride}`);
  const { top, bottom, left, right }: Sides = sidesOf(where, pad);
  const p = Math.floor((h + top + bottom - r) / stride) + 1;
  const q = Math.floor((w + left + right - s) / stride) + 1;
  if (p < 1 || q < 1) {
    throw new ShapeError(
      `${where}: a ${r}x${s} window does not fit into ${h}x${w} padded to ${h + top + bottom}x${w + left + right}; ${given(shapes)}`,
    );
  }
  return [n, k, p, q];
}

function convCost(shapes: Shapes, attrs: DepthwiseConvAttrs): { flops: number; bytes: number } {
  const y = outputShape(shapes, attrs, 'grouped_conv2d');
  const [, j, r, s] = nchw('grouped_conv2d', shapes.weight!);
  return {
    flops: 2 * sizeOf(y) * j * r * s,
    bytes: 4 * (sizeOf(shapes.x!) + sizeOf(shapes.weight!) + sizeOf(y)),
  };
}

function given({ x, weight }: Shapes): string {
  return `x ${formatShape(x!)}, weight ${formatShape(weight!)}`;
}
