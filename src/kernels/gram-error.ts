// How far Gram matrices of many pictures lie from those they should have, without making one of them.
import { gramErrorBackward } from '../../shaders/gram_error_backward.wgsl.js';
import { gramErrorBlocks } from '../../shaders/gram_error_blocks.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, sameShape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid } from '../gpu/kernel.js';
import { assertBlocks, rowSquaresDispatch } from './block-energy.js';
import { matmulDispatch, transposeDispatch } from './matmul.js';
import type { OpContext, OpSpec } from './op.js';
import { reduceSumDispatch } from './reduce.js';

/** Added to a block's squared Gram norm: a block of zeros must not divide by zero. */
const EPSILON = 1e-6;

/** The errors of blocks as shares of their energies. */
export const gramErrorBlocksKernel: KernelSpec<Record<string, never>> = {
  name: 'gram_error_blocks',
  bindings: () => ({ own: 'read', cross: 'read', energy: 'read', ratios: 'read_write' }),
  params: { count: 'u32', stride: 'u32', n: 'u32', epsilon: 'f32' },
  shader: gramErrorBlocks,
  variants: [{}],
};

/** The gradient with respect to x. */
export const gramErrorBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'gram_error_backward',
  bindings: () => ({ inner: 'read', outer: 'read', energy: 'read', dy: 'read', dx: 'read_write' }),
  params: { count: 'u32', stride: 'u32', n: 'u32', C4: 'u32', scale: 'f32', epsilon: 'f32' },
  shader: gramErrorBackward,
  variants: [{}],
};

/**
 * y [1] = mean over blocks of |X^T X - T^T T|^2 / (e + 1e-6), where X and T [n,C] are `block` = n rows of x and of
 * target [M,C], and e [M/n] is |T^T T|^2 of each (`blockEnergy`): the relative error of the Gram matrices (Gatys, Ecker and
 * Bethge 2016, eq. 3 and 4). Since |X^T X - T^T T|^2 = |X X^T|^2 - 2 |X T^T|^2 + |T T^T|^2, inner products of n rows do,
 * n^2 and not C^2 of them. Target and energy have no gradient.
 */
export const gramError: OpSpec<{ block: number }> = {
  name: 'gram_error',
  inputs: ['x', 'target', 'energy'],
  detached: ['target', 'energy'],
  saves: ['x', 'target', 'energy'],
  output(shapes, { block }, where) {
    const place = `gram_error at ${where}`;
    const { x, target, energy } = shapes;
    if (x!.length !== 2 || !sameShape(x!, target!)) {
      throw new ShapeError(
        `${place}: x and target must be [M,C], got ${formatShape(x!)} and ${formatShape(target!)}`,
      );
    }
    assertBlocks(place, x![0]!, block);
    const blocks = [x![0]! / block];
    if (!sameShape(energy!, blocks))
      throw new ShapeError(
        `${place}: energy must be one of each block, ${formatShape(blocks)}, got ${formatShape(energy!)}`,
      );
    return { shape: [1], layout: 'flat' };
  },
  forward(t, { block: n }, ctx) {
    const label = `gram_error:forward at ${ctx.where}`;
    const { dispatches, own, cross } = products(label, ctx, t.x!, t.target!, n);
    const ownRows = rowSquaresDispatch(label, ctx, own, 'own squares');
    const crossRows = rowSquaresDispatch(label, ctx, cross, 'cross squares');
    const count = t.x!.shape[0]! / n;
    const ratios = ctx.scratch('ratios', [count, 1]);
    const { workgroups, stride } = linearGrid(count, ctx.target);
    const buffers = { own: ownRows.rows, cross: crossRows.rows, energy: t.energy!, ratios };
    const params = { count, stride, n, epsilon: EPSILON };
    return [
      ...dispatches,
      ownRows.dispatch,
      crossRows.dispatch,
      dispatch(gramErrorBlocksKernel, {}, label, buffers, params, workgroups),
      ...reduceSumDispatch(label, ctx, ratios, t.y!, 1 / count),
    ];
  },
  backward: {
    // 4 (X X^T X - T X^T T) of each block, the second product transposed as it comes.
    x(t, { block: n }, ctx) {
      const label = `gram_error:backward:x at ${ctx.where}`;
      const { x, target } = t as { x: Tensor; target: Tensor };
      const [M, C] = x.shape as unknown as [number, number];
      const { dispatches, own, cross } = products(label, ctx, x, target, n);
      const inner = ctx.scratch('inner', [M, C]);
      const outer = ctx.scratch('outer', [M, C]);
      const C4 = ceilDiv(C, 4);
      const { workgroups, stride } = linearGrid(M * C4, ctx.target);
      const buffers = { inner, outer, energy: t.energy!, dy: t.dy!, dx: t.dx! };
      const params = { count: M * C4, stride, n, C4, scale: (4 * n) / M, epsilon: EPSILON };
      const items = M / n;
      return [
        ...dispatches,
        matmulDispatch(`${label} (inner)`, ctx.target, { at: own, b: x, y: inner }, { items }),
        matmulDispatch(`${label} (outer)`, ctx.target, { at: cross, b: target, y: outer }, { items }),
        dispatch(gramErrorBackwardKernel, {}, label, buffers, params, workgroups),
      ];
    },
  },
  cost(shapes, { block }) {
    const [m, c] = shapes.x as unknown as [number, number];
    return { flops: 3 * m * block * c, bytes: 8 * m * c + 8 * m * block };
  },
};

/** Inner products of the rows of each block: own [M,n] of x with x, cross [M,n] of target with x. */
function products(label: string, ctx: OpContext, x: Tensor, target: Tensor, n: number) {
  const [M, C] = x.shape as unknown as [number, number];
  const items = M / n;
  const turned = ctx.scratch('x turned', [items * C, n]);
  const turnedTarget = ctx.scratch('target turned', [items * C, n]);
  const own = ctx.scratch('own', [M, n]);
  const cross = ctx.scratch('cross', [M, n]);
  const dispatches: Dispatch<Tensor>[] = [
    transposeDispatch(`${label} (turn x)`, ctx.target, x, turned, items),
    transposeDispatch(`${label} (turn target)`, ctx.target, target, turnedTarget, items),
    matmulDispatch(
      `${label} (own)`,
      ctx.target,
      { at: turned, b: turned, y: own },
      { symmetric: true, items },
    ),
    matmulDispatch(`${label} (cross)`, ctx.target, { at: turnedTarget, b: turned, y: cross }, { items }),
  ];
  return { dispatches, own, cross };
}
