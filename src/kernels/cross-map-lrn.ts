// Local response normalisation across channels.
import { crossMapLrnBackward } from '../../shaders/cross_map_lrn_backward.wgsl.js';
import { crossMapLrnForward, type LrnVariant } from '../../shaders/cross_map_lrn_forward.wgsl.js';
import { crossMapLrnRatio } from '../../shaders/cross_map_lrn_ratio.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Bindings, dispatch, type KernelSpec } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import { loadOf } from './load.js';
import type { OpContext, OpSpec } from './op.js';

/** Channels in the window and the constants of the formula, as torch.nn.LocalResponseNorm names them. */
export interface LrnAttrs {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  /** Positive, so that d is. */
  readonly k: number;
}

const LRN_PARAMS = {
  C4: 'u32',
  H: 'u32',
  W: 'u32',
  run: 'u32',
  k: 'f32',
  scale: 'f32',
  beta: 'f32',
} as const;

const five: LrnVariant = { before: 2, after: 2, load: 'buffer' };
const LRN_VARIANTS: readonly LrnVariant[] = [
  five,
  { ...five, load: 'texture' },
  { ...five, before: 5, after: 4 },
  { ...five, before: 0, after: 0 },
];

const loaded = (v: LrnVariant) => (v.load === 'texture' ? 'texture' : 'read');

/** x * d^-beta. */
export const crossMapLrnForwardKernel: KernelSpec<LrnVariant> = {
  name: 'cross_map_lrn_forward',
  bindings: (v): Bindings => ({ x: loaded(v), y: 'read_write' }),
  params: LRN_PARAMS,
  shader: crossMapLrnForward,
  variants: LRN_VARIANTS,
};

/** What each channel hands to the gradients of its neighbours. */
export const crossMapLrnRatioKernel: KernelSpec<LrnVariant> = {
  name: 'cross_map_lrn_ratio',
  bindings: (v): Bindings => ({ x: loaded(v), dy: 'read', ratio: 'read_write' }),
  params: LRN_PARAMS,
  shader: crossMapLrnRatio,
  variants: LRN_VARIANTS,
};

/** The gradient from dy and the neighbours' ratios. */
export const crossMapLrnBackwardKernel: KernelSpec<LrnVariant> = {
  name: 'cross_map_lrn_backward',
  bindings: (v): Bindings => ({ x: loaded(v), ratio: loaded(v), dy: 'read', dx: 'read_write' }),
  params: LRN_PARAMS,
  shader: crossMapLrnBackward,
  variants: LRN_VARIANTS,
};

/**
 * y[c] = x[c] / (k + alpha/size * sum x[j]^2)^beta over the channels j from c - floor(size/2) to
 * c + floor((size-1)/2), x [N,C,H,W]: SpatialCrossMapLRN of Torch and LocalResponseNorm of PyTorch (Krizhevsky
 * et al. 2012, section 3.3, whose alpha is alpha/size here).
 */
export const crossMapLrn: OpSpec<LrnAttrs> = {
  name: 'cross_map_lrn',
  inputs: ['x'],
  saves: ['x'],
  output: (shapes, attrs, where) => ({
    shape: outputShape(shapes.x!, attrs, `cross_map_lrn at ${where}`),
    layout: 'image',
  }),
  forward(t, attrs, ctx) {
    const label = `cross_map_lrn:forward at ${ctx.where}`;
    const { variant, params, workgroups } = plan(label, t.x!, attrs, ctx);
    return [dispatch(crossMapLrnForwardKernel, variant, label, { x: t.x!, y: t.y! }, params, workgroups)];
  },
  backward: {
    x(t, attrs, ctx) {
      const label = `cross_map_lrn:backward:x at ${ctx.where}`;
      const x = t.x!;
      const dy = t.dy!;
      const { variant, params, workgroups } = plan(label, x, attrs, ctx);
      const ratio = ctx.scratch('ratio', x.shape);
      return [
        dispatch(
          crossMapLrnRatioKernel,
          variant,
          `cross_map_lrn:ratio at ${ctx.where}`,
          { x, dy, ratio },
          params,
          workgroups,
        ),
        dispatch(crossMapLrnBackwardKernel, variant, label, { x, ratio, dy, dx: t.dx! }, params, workgroups),
      ];
    },
  },
  cost: (shapes, { size }) => ({
    flops: (2 * size + 4) * sizeOf(shapes.x!),
    bytes: 8 * sizeOf(shapes.x!),
  }),
};

function plan(label: string, x: Tensor, { size, alpha, beta, k }: LrnAttrs, ctx: OpContext) {
  const [n, c, H, W] = nchw(label, x.shape);
  const C4 = ceilDiv(c, 4);
  // A CPU rasteriser has few lanes and slow loads, a GPU many lanes and caches that its neighbours fill.
  const run = ctx.target.cpu ? C4 : 1;
  const variant = {
    before: Math.floor(size / 2),
    after: Math.floor((size - 1) / 2),
    load: loadOf(ctx.target, x),
  };
  const params = { C4, H, W, run, k, scale: alpha / size, beta };
  return { variant, params, workgroups: imageGrid(label, ctx.target, W, H, n * ceilDiv(C4, run)) };
}

function outputShape(x: Shape, { size, alpha, beta, k }: LrnAttrs, where: string): Shape {
  nchw(where, x);
  if (!Number.isInteger(size) || size < 1 || size > MAX_SIZE)
    throw new ShapeError(`${where}: size must be an integer in 1..${MAX_SIZE}, got ${size}`);
  if (!(Number.isFinite(alpha) && alpha >= 0))
    throw new ShapeError(`${where}: alpha must be at least 0, got ${alpha}`);
  if (!Number.isFinite(beta)) throw new ShapeError(`${where}: beta must be finite, got ${beta}`);
  if (!(Number.isFinite(k) && k > 0)) throw new ShapeError(`${where}: k must be positive, got ${k}`);
  return x;
}

/** Windows are written out in the shader; nets use 5 to 11. */
const MAX_SIZE = 31;
