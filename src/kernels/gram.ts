import { gramSymmetrise } from '../../shaders/gram_symmetrise.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import type { Tunable } from '../gpu/choices.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid, type Target } from '../gpu/kernel.js';
import { type ConvShape, chooseConv, convTunable } from './conv-algorithm.js';
import { convDispatches } from './conv2d.js';
import { finishTensors } from './finish.js';
import { ntReduceDispatches } from './nt-reduce.js';
import { ntTunable } from './nt-reduce-tiled.js';
import type { OpContext, OpSpec, Shapes, Tensors } from './op.js';

/** scale * (dy + dy^T) as the filter of a 1x1 convolution, for the gradient. */
export const gramSymmetriseKernel: KernelSpec<Record<string, never>> = {
  name: 'gram_symmetrise',
  bindings: () => ({ dy: 'read', symmetric: 'read_write' }),
  params: { C: 'u32', stride: 'u32', scale: 'f32' },
  shader: gramSymmetrise,
  variants: [{}],
};

/** y [C,C] = scale * F F^T, with F = x [1,C,H,W] as [C,H*W] (Gatys, Ecker and Bethge 2016, eq. 3). */
export const gram: OpSpec<{ scale: number }> = {
  name: 'gram',
  inputs: ['x'],
  saves: ['x'],
  output(shapes, _attrs, where) {
    const c = channelsOfOne(`gram at ${where}`, shapes.x!);
    return { shape: [c, c], layout: 'flat' };
  },
  forward: (t, { scale }, ctx) =>
    ntReduceDispatches(`gram:forward at ${ctx.where}`, ctx, { a: t.x!, y: t.y! }, scale),
  finishes: { x: ['add', 'mask'] },
  backward: {
    x: (t, { scale }, ctx) => gramBackwardDispatches(`gram:backward:x at ${ctx.where}`, ctx, t, t.x!, scale),
  },
  tunables: gramTunables,
  cost: gramCost,
};

/** Of the Gram matrix of x [1,C,H,W] and of its gradient. */
export function gramTunables(shapes: Shapes, _attrs: unknown, target: Target): Record<string, Tunable> {
  const [, a, h, w] = shapes.x as unknown as [number, number, number, number];
  return {
    forward: ntTunable(target, { a, pixels: h * w }),
    'backward:x': convTunable(exact(target), gradientShape(shapes.x!)),
  };
}

/** The channels of [1,C,H,W]; a ShapeError for anything but one picture. */
export function channelsOfOne(where: string, x: Shape): number {
  const [n, c] = nchw(where, x);
  if (n !== 1)
    throw new ShapeError(
      `${where}: statistics are those of one picture, x.shape[0] must be 1; x ${formatShape(x)}`,
    );
  return c;
}

/** Of the Gram matrix of x [1,C,H,W], counted as a whole product though half of it is computed. */
export function gramCost(shapes: Readonly<Record<string, Shape>>): { flops: number; bytes: number } {
  const c = shapes.x![1]!;
  return { flops: 2 * c * sizeOf(shapes.x!), bytes: 4 * (sizeOf(shapes.x!) + c * c) };
}

/** Statistics are differences of large sums: their gradient is not rounded to f16. */
function exact(target: Target): Target {
  return { ...target, precision: 'f32' };
}

/** The 1x1 convolution of the gradient, for x [1,C,H,W]. */
function gradientShape(x: Shape): ConvShape {
  const [n, c, p, q] = x as unknown as [number, number, number, number];
  return { n, c, k: c, r: 1, s: 1, stride: 1, pad: 0, p, q };
}

/** dx = scale * (dy + dy^T) F, with F = x: the symmetric matrix is the filter of a 1x1 convolution. */
export function gramBackwardDispatches(
  label: string,
  ctx: OpContext,
  t: Tensors,
  x: Tensor,
  scale: number,
): Dispatch<Tensor>[] {
  const c = x.shape[1]!;
  const symmetric = ctx.scratch('symmetric', [c, c, 1, 1], 'filter');
  const c4 = ceilDiv(c, 4);
  const grid = linearGrid(4 * c4 * c4, ctx.target);
  return [
    dispatch(
      gramSymmetriseKernel,
      {},
      `${label} (symmetrise)`,
      { dy: t.dy!, symmetric },
      { C: c, stride: grid.stride, scale },
      grid.workgroups,
    ),
    ...convDispatches(
      label,
      ctx,
      { ...finishTensors(t), x, weight: symmetric, y: t.dx! },
      { stride: 1, pad: 0 },
      chooseConv(exact(ctx.target), gradientShape(x.shape)),
    ),
  ];
}
