import { conv2dBackwardDataStrided } from '../../shaders/conv2d_backward_data_strided.wgsl.js';
import { type ConvVariant, conv2dForward } from '../../shaders/conv2d_forward.wgsl.js';
import { filterFlip } from '../../shaders/filter_flip.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { HALO } from '../base/layout.js';
import { ceilDiv, formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import type { Tunable } from '../gpu/choices.js';
import {
  type Bindings,
  type Dispatch,
  dispatch,
  type KernelSpec,
  linearGrid,
  type Target,
} from '../gpu/kernel.js';
import {
  type ConvAlgorithm,
  type ConvShape,
  chooseConv,
  convMethod,
  convTunable,
  winogradApplies,
} from './conv-algorithm.js';
import { matrixDispatches } from './conv-matrix.js';
import { type ConvOperands, type ConvStep, tiledDispatches } from './conv-tiled.js';
import { imageGrid } from './image-grid.js';
import { loadOf } from './load.js';
import type { OpContext, OpSpec, Shapes, Tensors } from './op.js';
import { reluBackwardDispatch } from './relu.js';
import { winogradDispatches } from './winograd.js';

/** Geometry of a convolution; `relu` fuses max(0, .) behind the bias. */
export interface ConvAttrs {
  readonly stride: number;
  readonly pad: number;
  readonly relu?: boolean;
  /** Forced here, else chosen from the adapter and the shapes. */
  readonly algorithm?: ConvAlgorithm | undefined;
}

const CONV_PARAMS = { C4: 'u32', H: 'u32', W: 'u32', K4: 'u32', P: 'u32', Q: 'u32', pad: 'u32' } as const;
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
};

export const conv2dForwardKernel: KernelSpec<ConvVariant> = {
  name: 'conv2d_forward',
  bindings: (v): Bindings => ({
    x: v.load === 'texture' ? 'texture' : 'read',
    weight: 'read',
    ...(v.bias ? { bias: 'read' } : {}),
    y: 'read_write',
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
  ],
};

export const conv2dBackwardDataStridedKernel: KernelSpec<Record<string, never>> = {
  name: 'conv2d_backward_data_strided',
  bindings: () => ({ dy: 'read', weight: 'read', dx: 'read_write' }),
  params: { ...CONV_PARAMS, R: 'u32', S: 'u32', stride: 'u32' },
  shader: conv2dBackwardDataStrided,
  variants: [{}],
};

export const filterFlipKernel: KernelSpec<Record<string, never>> = {
  name: 'filter_flip',
  bindings: () => ({ weight: 'read', flipped: 'read_write' }),
  params: { taps: 'u32', C: 'u32', K: 'u32', stride: 'u32' },
  shader: filterFlip,
  variants: [{}],
};

/**
 * y = act(conv(x, weight) + bias): x [N,C,H,W], weight [K,C,R,S], bias [K] -> y [N,K,P,Q] with
 * P = floor((H + 2 pad - R) / stride) + 1. Cross-correlation, as every framework has it.
 */
export const conv2d: OpSpec<ConvAttrs> = {
  name: 'conv2d',
  inputs: ['x', 'weight', 'bias'],
  optional: ['bias'],
  layouts: { weight: 'filter' },
  saves: ['weight', 'y', 'x'],
  output(shapes, attrs, where) {
    return {
      shape: outputShape(shapes.x!, shapes.weight!, shapes.bias, attrs, `conv2d at ${where}`),
      layout: 'image',
    };
  },
  forward(t, attrs, ctx) {
    const label = `conv2d:forward at ${ctx.where}`;
    const operands = { x: t.x!, weight: t.weight!, bias: t.bias, y: t.y! };
    const algorithm = algorithmOf(ctx.target, attrs, t.weight!.shape, t.y!.shape);
    const method = convMethod(algorithm);
    if (method.kind !== 'winograd') return convDispatches(label, ctx, operands, attrs, algorithm);
    const { m } = method;
    return winogradDispatches(label, ctx, operands, {
      m,
      pad: attrs.pad,
      relu: attrs.relu ?? false,
      flip: false,
    });
  },
  shared(t, attrs, ctx) {
    if (!attrs.relu) return { tensors: { dz: t.dy! }, dispatches: [] };
    const dz = ctx.scratch('dz', t.y!.shape);
    return {
      tensors: { dz },
      dispatches: [reluBackwardDispatch(`conv2d:mask at ${ctx.where}`, ctx.target, t.y!, t.dy!, dz)],
    };
  },
  backward: { x: backwardData },
  tunables,
  cost(shapes, attrs) {
    const y = outputShape(shapes.x!, shapes.weight!, undefined, attrs, 'conv2d');
    const [, c, r, s] = shapes.weight as unknown as [number, number, number, number];
    return {
      flops: 2 * sizeOf(y) * c * r * s,
      bytes: 4 * (sizeOf(shapes.x!) + sizeOf(shapes.weight!) + sizeOf(y)),
    };
  },
};

function outputShape(
  x: Shape,
  weight: Shape,
  bias: Shape | undefined,
  attrs: ConvAttrs,
  where: string,
): Shape {
  const [n, c, h, w] = nchw(where, x);
  const [k, wc, r, s] = nchw(where, weight);
  const given = `x ${formatShape(x)}, weight ${formatShape(weight)}`;
  if (wc !== c)
    throw new ShapeError(`${where}: weight.shape[1] (${wc}) must equal x.shape[1] (${c}); ${given}`);
  if (bias && (bias.length !== 1 || bias[0] !== k)) {
    throw new ShapeError(`${where}: bias must be [${k}], got ${formatShape(bias)}; ${given}`);
  }
  const { stride, pad } = attrs;
  if (!Number.isInteger(stride) || stride < 1)
    throw new ShapeError(`${where}: stride must be a positive integer, got ${stride}`);
  if (!Number.isInteger(pad) || pad < 0)
    throw new ShapeError(`${where}: pad must be an integer of at least 0, got ${pad}`);
  if (attrs.algorithm?.startsWith('winograd') && !winogradApplies({ r, s, stride, pad })) {
    throw new ShapeError(
      `${where}: ${attrs.algorithm} needs a 3x3 window, stride 1 and pad up to 2, got ${r}x${s}, stride ${stride} and pad ${pad}`,
    );
  }
  const p = Math.floor((h + 2 * pad - r) / stride) + 1;
  const q = Math.floor((w + 2 * pad - s) / stride) + 1;
  if (p < 1 || q < 1) {
    throw new ShapeError(
      `${where}: a ${r}x${s} window with pad ${pad} does not fit into ${h}x${w}; ${given}`,
    );
  }
  return [n, k, p, q];
}

/** The convolution by any algorithm but Winograd's; the data gradient and the Gram backward use it too. */
export function convDispatches(
  label: string,
  ctx: OpContext,
  t: ConvOperands,
  attrs: ConvStep,
  algorithm: ConvAlgorithm,
): Dispatch<Tensor>[] {
  const method = convMethod(algorithm);
  if (method.kind === 'tiled') return tiledDispatches(label, ctx, t, attrs, method);
  if (method.kind === 'matrix') return matrixDispatches(label, ctx, t, attrs, method.shape);
  return [directDispatch(label, ctx.target, t, attrs)];
}

function directDispatch(label: string, target: Target, t: ConvOperands, attrs: ConvStep): Dispatch<Tensor> {
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
    { ...variant, load: loadOf(target, t.x), bias: t.bias !== undefined, relu: attrs.relu ?? false },
    label,
    t.bias ? { x: t.x, weight: t.weight, bias: t.bias, y: t.y } : { x: t.x, weight: t.weight, y: t.y },
    { C4: ceilDiv(c, 4), H: h, W: w, K4: k4, P: p, Q: q, pad: attrs.pad, gridX, folds },
    [gridX, ceilDiv(k4, variant.tileK), n * folds],
  );
}

/** Tile sizes by what the adapter is; the autotuner's place. */
function chooseVariant(
  target: Target,
  shape: { r: number; s: number; k4: number; q: number; stride: number; pad: number },
): Omit<ConvVariant, 'load' | 'bias' | 'relu'> {
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

/** Forced or chosen; `weight` is [outputs, inputs, R, S] of the convolution that makes `y`. */
function algorithmOf(target: Target, attrs: ConvAttrs, weight: Shape, y: Shape): ConvAlgorithm {
  return chooseConv(target, convShape(attrs, weight, y), attrs.algorithm);
}

function convShape({ stride, pad }: ConvAttrs, weight: Shape, y: Shape): ConvShape {
  const [k, c, r, s] = weight as unknown as [number, number, number, number];
  const [n, , p, q] = y as unknown as [number, number, number, number];
  return { n, c, k, r, s, stride, pad, p, q };
}

/** The data gradient of stride 1 is a convolution too, of as many outputs as the forward one has inputs. */
function tunables(shapes: Shapes, attrs: ConvAttrs, target: Target): Record<string, Tunable> {
  const { x, weight, y } = shapes as { x: Shape; weight: Shape; y: Shape };
  const [k, c, r, s] = weight as unknown as [number, number, number, number];
  const forward = convTunable(target, convShape(attrs, weight, y));
  if (!gradientIsConvolution(attrs, r, s)) return { forward };
  return { forward, 'backward:x': convTunable(target, convShape(attrs, [c, k, r, s], x)) };
}

/** Whether the data gradient is a convolution of stride 1 with the flipped, transposed filter. */
function gradientIsConvolution({ stride, pad }: ConvAttrs, r: number, s: number): boolean {
  return stride === 1 && r === s && pad < r;
}

function backwardData(t: Tensors, attrs: ConvAttrs, ctx: OpContext): Dispatch<Tensor>[] {
  const weight = t.weight!;
  const [k, c, r, s] = weight.shape as unknown as [number, number, number, number];
  const algorithm = algorithmOf(ctx.target, attrs, [c, k, r, s], t.dx!.shape);
  const method = convMethod(algorithm);
  if (method.kind === 'winograd') {
    const operands = { x: t.dz!, weight, y: t.dx! };
    const gradient = { m: method.m, pad: r - 1 - attrs.pad, relu: false, flip: true };
    return winogradDispatches(`conv2d:backward:x at ${ctx.where}`, ctx, operands, gradient);
  }
  const flipped = ctx.scratch('flipped', [c, k, r, s], 'filter');
  const flips = linearGrid((r * s * 4 * ceilDiv(c, 4) * 4 * ceilDiv(k, 4)) as number, ctx.target);
  const flip = dispatch(
    filterFlipKernel,
    {},
    `conv2d:filter_flip at ${ctx.where}`,
    { weight, flipped },
    { taps: r * s, C: 4 * ceilDiv(c, 4), K: 4 * ceilDiv(k, 4), stride: flips.stride },
    flips.workgroups,
  );
  const label = `conv2d:backward:x at ${ctx.where}`;
  const dx = t.dx!;
  if (gradientIsConvolution(attrs, r, s)) {
    const operands = { x: t.dz!, weight: flipped, y: dx };
    return [flip, ...convDispatches(label, ctx, operands, { stride: 1, pad: r - 1 - attrs.pad }, algorithm)];
  }
  const [n, , h, w] = nchw(label, dx.shape);
  const [, , p, q] = nchw(label, t.dz!.shape);
  return [
    flip,
    dispatch(
      conv2dBackwardDataStridedKernel,
      {},
      label,
      { dy: t.dz!, weight: flipped, dx },
      {
        C4: ceilDiv(c, 4),
        H: h,
        W: w,
        K4: ceilDiv(k, 4),
        P: p,
        Q: q,
        pad: attrs.pad,
        R: r,
        S: s,
        stride: attrs.stride,
      },
      imageGrid(label, ctx.target, w, h, n * ceilDiv(c, 4)),
    ),
  ];
}
