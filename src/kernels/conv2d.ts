import { filterFlip } from '../../shaders/filter_flip.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import type { Tunable } from '../gpu/choices.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid, type Target } from '../gpu/kernel.js';
import { channelSumDispatches } from './channel-sum.js';
import {
  type ConvAlgorithm,
  type ConvShape,
  chooseConv,
  convMethod,
  convTunable,
  winogradApplies,
} from './conv-algorithm.js';
import { directDispatch } from './conv-direct.js';
import { flatDispatch } from './conv-flat.js';
import { matrixDispatches } from './conv-matrix.js';
import { stridedGradientDispatch, stridedGradientTunable } from './conv-strided-gradient.js';
import { type ConvOperands, type ConvStep, tiledDispatches } from './conv-tiled.js';
import { weightGradientDispatches, weightGradientTunable } from './conv-weight-gradient.js';
import { finishTensors } from './finish.js';
import type { OpContext, OpSpec, Shapes, Tensors } from './op.js';
import { winogradDispatches } from './winograd.js';

/** Geometry of a convolution; `relu` fuses max(0, .) behind the bias. */
export interface ConvAttrs {
  readonly stride: number;
  readonly pad: number;
  readonly relu?: boolean;
  /** Forced here, else chosen from the adapter and the shapes. */
  readonly algorithm?: ConvAlgorithm | undefined;
}

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
  saves: ['weight', 'x'],
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
  rectifies: ({ relu }) => relu ?? false,
  finishes: { x: ['add', 'mask'] },
  backward: {
    x: backwardData,
    weight: (t, attrs, ctx) =>
      weightGradientDispatches(
        `conv2d:backward:weight at ${ctx.where}`,
        ctx,
        { x: t.x!, dy: t.dy!, dweight: t.dx! },
        attrs,
      ),
    bias: (t, _attrs, ctx) => channelSumDispatches(`conv2d:backward:bias at ${ctx.where}`, ctx, t.dy!, t.dx!),
  },
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
  const flat = method.kind === 'flat' ? flatDispatch(label, ctx.target, t, attrs) : undefined;
  return [flat ?? directDispatch(label, ctx.target, t, attrs)];
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
  const shape = convShape(attrs, weight, y);
  const either = {
    forward: convTunable(target, shape),
    'backward:weight': weightGradientTunable(target, shape),
  };
  if (!gradientIsConvolution(attrs, r, s))
    return { ...either, 'backward:x': stridedGradientTunable(target, shape) };
  return { ...either, 'backward:x': convTunable(target, convShape(attrs, [c, k, r, s], x)) };
}

/** Whether the data gradient is a convolution of stride 1 with the flipped, transposed filter. */
function gradientIsConvolution({ stride, pad }: ConvAttrs, r: number, s: number): boolean {
  return stride === 1 && r === s && pad < r;
}

function backwardData(t: Tensors, attrs: ConvAttrs, ctx: OpContext): Dispatch<Tensor>[] {
  const weight = t.weight!;
  const finish = finishTensors(t);
  const [k, c, r, s] = weight.shape as unknown as [number, number, number, number];
  const algorithm = algorithmOf(ctx.target, attrs, [c, k, r, s], t.dx!.shape);
  const method = convMethod(algorithm);
  if (method.kind === 'winograd') {
    const operands = { ...finish, x: t.dy!, weight, y: t.dx! };
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
    const operands = { ...finish, x: t.dy!, weight: flipped, y: dx };
    return [flip, ...convDispatches(label, ctx, operands, { stride: 1, pad: r - 1 - attrs.pad }, algorithm)];
  }
  return [flip, stridedGradientDispatch(label, ctx.target, { ...finish, dy: t.dy!, flipped, dx }, attrs)];
}
