// Max and average pooling over square windows.
import { avgPool2dBackward } from '../../shaders/avg_pool2d_backward.wgsl.js';
import { avgPool2dBackwardDisjoint } from '../../shaders/avg_pool2d_backward_disjoint.wgsl.js';
import { avgPool2dForward } from '../../shaders/avg_pool2d_forward.wgsl.js';
import { maxPool2dBackward, type PoolBackwardVariant } from '../../shaders/max_pool2d_backward.wgsl.js';
import {
  type DisjointPoolVariant,
  maxPool2dBackwardDisjoint,
} from '../../shaders/max_pool2d_backward_disjoint.wgsl.js';
import { maxPool2dForward, type PoolVariant } from '../../shaders/max_pool2d_forward.wgsl.js';
import { maxPool2dWinners } from '../../shaders/max_pool2d_winners.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, type Workgroups } from '../gpu/kernel.js';
import { finishBindings, finishTensors } from './finish.js';
import { imageGrid } from './image-grid.js';
import type { OpContext, OpSpec, Tensors } from './op.js';

/** Geometry of a pooling: square windows, `pad` < `window` pixels of padding all round. */
export interface PoolAttrs {
  readonly window: number;
  readonly stride: number;
  readonly pad: number;
  /** Rounds the output size up: the last window may hang over, as long as it begins inside (default false). */
  readonly ceilMode?: boolean;
}

/** Geometry and factor of average pooling. */
export interface AvgPoolAttrs extends PoolAttrs {
  /** Factor on the mean (1). */
  readonly scale?: number;
}

const DISJOINT_PARAMS = { H: 'u32', W: 'u32', P: 'u32', Q: 'u32' } as const;
const POOL_PARAMS = { ...DISJOINT_PARAMS, pad: 'u32' } as const;
const AVG_PARAMS = { ...POOL_PARAMS, scale: 'f32' } as const;

const POOL_VARIANTS: readonly PoolVariant[] = [
  { window: 2, stride: 2, inside: true },
  { window: 2, stride: 2, inside: false },
  { window: 3, stride: 2, inside: true },
  { window: 3, stride: 2, inside: false },
  { window: 3, stride: 1, inside: false },
];

const BACKWARD_VARIANTS: readonly PoolBackwardVariant[] = [
  { window: 2, stride: 2, mask: false },
  { window: 3, stride: 2, mask: false },
  { window: 3, stride: 1, mask: true },
];

const DISJOINT_VARIANTS: readonly DisjointPoolVariant[] = [
  { window: 2, mask: false },
  { window: 2, mask: true },
  { window: 3, mask: true },
];

/** Maximum of each window. */
export const maxPool2dForwardKernel: KernelSpec<PoolVariant> = {
  name: 'max_pool2d_forward',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: POOL_PARAMS,
  shader: maxPool2dForward,
  variants: POOL_VARIANTS,
};

/** Position of each window's maximum, the first in row-major order. */
export const maxPool2dWinnersKernel: KernelSpec<PoolVariant> = {
  name: 'max_pool2d_winners',
  bindings: () => ({ x: 'read', winner: 'read_write' }),
  params: POOL_PARAMS,
  shader: maxPool2dWinners,
  variants: POOL_VARIANTS,
};

/** Gradient of max pooling for windows that may overlap, from the winners. */
export const maxPool2dBackwardKernel: KernelSpec<PoolBackwardVariant> = {
  name: 'max_pool2d_backward',
  bindings: (v) => ({
    winner: 'read',
    dy: 'read',
    dx: 'read_write',
    ...finishBindings(v),
  }),
  params: POOL_PARAMS,
  shader: maxPool2dBackward,
  variants: BACKWARD_VARIANTS,
};

/** Gradient of max pooling where windows tile the picture, from x itself. */
export const maxPool2dBackwardDisjointKernel: KernelSpec<DisjointPoolVariant> = {
  name: 'max_pool2d_backward_disjoint',
  bindings: () => ({ x: 'read', dy: 'read', dx: 'read_write' }),
  params: DISJOINT_PARAMS,
  shader: maxPool2dBackwardDisjoint,
  variants: DISJOINT_VARIANTS,
};

/** Mean of each window, times a factor. */
export const avgPool2dForwardKernel: KernelSpec<PoolVariant> = {
  name: 'avg_pool2d_forward',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: AVG_PARAMS,
  shader: avgPool2dForward,
  variants: POOL_VARIANTS,
};

/** Gradient of average pooling for windows that may overlap. */
export const avgPool2dBackwardKernel: KernelSpec<PoolBackwardVariant> = {
  name: 'avg_pool2d_backward',
  bindings: (v) => ({ dy: 'read', dx: 'read_write', ...finishBindings(v) }),
  params: AVG_PARAMS,
  shader: avgPool2dBackward,
  variants: BACKWARD_VARIANTS,
};

/** Gradient of average pooling where windows tile the picture. */
export const avgPool2dBackwardDisjointKernel: KernelSpec<DisjointPoolVariant> = {
  name: 'avg_pool2d_backward_disjoint',
  bindings: (v) => ({ dy: 'read', dx: 'read_write', ...finishBindings(v) }),
  params: { ...DISJOINT_PARAMS, scale: 'f32' },
  shader: avgPool2dBackwardDisjoint,
  variants: DISJOINT_VARIANTS,
};

/**
 * y = maximum of each window: x [N,C,H,W] -> [N,C,P,Q], P = floor((H + 2 pad - window) / stride) + 1. Padding
 * never wins. Ties go to the first pixel in row-major order: it alone gets the gradient.
 */
export const maxPool2d: OpSpec<PoolAttrs> = {
  name: 'max_pool2d',
  inputs: ['x'],
  saves: ['x'],
  output: (shapes, attrs, where) => ({
    shape: pooledShape(shapes.x!, attrs, `max_pool2d at ${where}`),
    layout: 'image',
  }),
  forward(t, attrs, ctx) {
    const label = `max_pool2d:forward at ${ctx.where}`;
    const { window, stride } = attrs;
    const variant = { window, stride, inside: isInside(t.x!.shape, t.y!.shape, attrs) };
    const buffers = { x: t.x!, y: t.y! };
    const params = poolParams(t.x!, t.y!, attrs);
    return [dispatch(maxPool2dForwardKernel, variant, label, buffers, params, poolGrid(label, ctx, t.y!))];
  },
  finishes: { x: ['mask'] },
  backward: { x: maxPoolBackward },
  cost: (shapes, attrs) => cost('max_pool2d', shapes.x!, attrs),
};

/**
 * y = scale * mean of each window: x [N,C,H,W] -> [N,C,P,Q]. Padding counts as zeros of the mean; what
 * `ceilMode` lets hang over beyond the padding does not count (the rule of torch.nn.AvgPool2d).
 */
export const avgPool2d: OpSpec<AvgPoolAttrs> = {
  name: 'avg_pool2d',
  inputs: ['x'],
  saves: [],
  output: (shapes, attrs, where) => ({
    shape: pooledShape(shapes.x!, attrs, `avg_pool2d at ${where}`),
    layout: 'image',
  }),
  forward(t, attrs, ctx) {
    const label = `avg_pool2d:forward at ${ctx.where}`;
    const { window, stride } = attrs;
    const variant = { window, stride, inside: isInside(t.x!.shape, t.y!.shape, attrs) };
    const buffers = { x: t.x!, y: t.y! };
    const params = { ...poolParams(t.x!, t.y!, attrs), scale: attrs.scale ?? 1 };
    return [dispatch(avgPool2dForwardKernel, variant, label, buffers, params, poolGrid(label, ctx, t.y!))];
  },
  finishes: { x: ['mask'] },
  backward: { x: avgPoolBackward },
  cost: (shapes, attrs) => cost('avg_pool2d', shapes.x!, attrs),
};

function maxPoolBackward(t: Tensors, attrs: PoolAttrs, ctx: OpContext): Dispatch<Tensor>[] {
  const label = `max_pool2d:backward:x at ${ctx.where}`;
  const { window, stride } = attrs;
  const x = t.x!;
  const dy = t.dy!;
  const dx = t.dx!;
  const { pad, ...extents } = poolParams(x, dy, attrs);
  const mask = t.mask !== undefined;
  if (isDisjoint(attrs)) {
    const grid = poolGrid(label, ctx, dx, window);
    return [dispatch(maxPool2dBackwardDisjointKernel, { window, mask }, label, { x, dy, dx }, extents, grid)];
  }
  const [n, c, p, q] = nchw(label, dy.shape);
  const winner = ctx.scratch('winner', [n * ceilDiv(c, 4), p, 4 * q]);
  const inside = isInside(x.shape, dy.shape, attrs);
  const params = { ...extents, pad };
  return [
    dispatch(
      maxPool2dWinnersKernel,
      { window, stride, inside },
      `max_pool2d:winners at ${ctx.where}`,
      { x, winner },
      params,
      poolGrid(label, ctx, dy),
    ),
    dispatch(
      maxPool2dBackwardKernel,
      { window, stride, mask },
      label,
      { winner, dy, dx, ...finishTensors(t) },
      params,
      poolGrid(label, ctx, dx),
    ),
  ];
}

function avgPoolBackward(t: Tensors, attrs: AvgPoolAttrs, ctx: OpContext): Dispatch<Tensor>[] {
  const label = `avg_pool2d:backward:x at ${ctx.where}`;
  const { window, stride, scale = 1 } = attrs;
  const buffers = { dy: t.dy!, dx: t.dx!, ...finishTensors(t) };
  const mask = t.mask !== undefined;
  const { pad, ...extents } = poolParams(t.dx!, t.dy!, attrs);
  if (isDisjoint(attrs)) {
    const grid = poolGrid(label, ctx, t.dx!, window);
    return [
      dispatch(
        avgPool2dBackwardDisjointKernel,
        { window, mask },
        label,
        buffers,
        { ...extents, scale },
        grid,
      ),
    ];
  }
  const params = { ...extents, pad, scale };
  return [
    dispatch(
      avgPool2dBackwardKernel,
      { window, stride, mask },
      label,
      buffers,
      params,
      poolGrid(label, ctx, t.dx!),
    ),
  ];
}

/** Shape of what a pooling of `x` gives; ShapeError for geometry that is none or does not fit. */
export function pooledShape(x: Shape, attrs: PoolAttrs, where: string): Shape {
  const [n, c, h, w] = nchw(where, x);
  const { window, stride, pad } = attrs;
  if (!Number.isInteger(window) || window < 1)
    throw new ShapeError(`${where}: window must be a positive integer, got ${window}`);
  if (!Number.isInteger(stride) || stride < 1)
    throw new ShapeError(`${where}: stride must be a positive integer, got ${stride}`);
  if (!Number.isInteger(pad) || pad < 0 || pad >= window) {
    throw new ShapeError(
      `${where}: pad must be an integer in 0..${window - 1} for a window of ${window}, got ${pad}`,
    );
  }
  const p = pooledExtent(h, attrs);
  const q = pooledExtent(w, attrs);
  if (p < 1 || q < 1) {
    throw new ShapeError(
      `${where}: a ${window}x${window} window with pad ${pad} does not fit into ${h}x${w}; x ${formatShape(x)}`,
    );
  }
  return [n, c, p, q];
}

function pooledExtent(extent: number, { window, stride, pad, ceilMode }: PoolAttrs): number {
  const steps = (extent + 2 * pad - window) / stride;
  const out = (ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
  // A window that would begin behind the picture would hold nothing but padding.
  return ceilMode && (out - 1) * stride >= extent + pad ? out - 1 : out;
}

/** Whether no window reaches over the edges of the picture. */
export function isInside(x: Shape, y: Shape, { window, stride, pad }: PoolAttrs): boolean {
  const fits = (axis: number) => (y[axis]! - 1) * stride + window <= x[axis]!;
  return pad === 0 && fits(2) && fits(3);
}

/** Params that all poolings share. */
export function poolParams(x: Tensor, y: Tensor, attrs: PoolAttrs) {
  const [, , H, W] = nchw('pool2d', x.shape);
  const [, , P, Q] = nchw('pool2d', y.shape);
  return { H, W, P, Q, pad: attrs.pad };
}

/** No pixel is in two windows: a thread may own a window of dx. */
function isDisjoint({ window, stride, pad }: PoolAttrs): boolean {
  return stride === window && pad === 0;
}

/** One thread for each square of `side` x `side` pixels of each plane. */
export function poolGrid(label: string, ctx: OpContext, t: Tensor, side = 1): Workgroups {
  const [n, c, h, w] = nchw(label, t.shape);
  return imageGrid(label, ctx.target, ceilDiv(w, side), ceilDiv(h, side), n * ceilDiv(c, 4));
}

function cost(name: string, x: Shape, attrs: PoolAttrs): { flops: number; bytes: number } {
  const y = pooledShape(x, attrs, name);
  return { flops: sizeOf(y) * attrs.window ** 2, bytes: 4 * (sizeOf(x) + sizeOf(y)) };
}
