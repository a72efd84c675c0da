// How far Gram matrices of many pictures lie from those they should have, without making one of them.
import { gramErrorBackward } from '../../shaders/gram_error_backward.wgsl.js';
import { gramErrorBlocks } from '../../shaders/gram_error_blocks.wgsl.js';
import { gramErrorProducts } from '../../shaders/gram_error_products.wgsl.js';
import { gramErrorRows } from '../../shaders/gram_error_rows.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, sameShape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid } from '../gpu/kernel.js';
import type { OpContext, OpSpec } from './op.js';
import { reduceSumDispatch } from './reduce.js';

/** Added to a block's squared Gram norm: a block of zeros must not divide by zero. */
const EPSILON = 1e-6;

/** Inner products within each block. */
export const gramErrorProductsKernel: KernelSpec<Record<string, never>> = {
  name: 'gram_error_products',
  bindings: () => ({ x: 'read', goal: 'read', products: 'read_write' }),
  params: { count: 'u32', stride: 'u32', n: 'u32', C4: 'u32' },
  shader: gramErrorProducts,
  variants: [{}],
};

/** Sums of their squares, row by row. */
export const gramErrorRowsKernel: KernelSpec<Record<string, never>> = {
  name: 'gram_error_rows',
  bindings: () => ({ products: 'read', rows: 'read_write' }),
  params: { count: 'u32', stride: 'u32', n: 'u32' },
  shader: gramErrorRows,
  variants: [{}],
};

/** The same, block by block, as a share. */
export const gramErrorBlocksKernel: KernelSpec<Record<string, never>> = {
  name: 'gram_error_blocks',
  bindings: () => ({ rows: 'read', ratios: 'read_write', energies: 'read_write' }),
  params: { count: 'u32', stride: 'u32', n: 'u32', epsilon: 'f32' },
  shader: gramErrorBlocks,
  variants: [{}],
};

/** The gradient with respect to x. */
export const gramErrorBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'gram_error_backward',
  bindings: () => ({
    x: 'read',
    goal: 'read',
    products: 'read',
    energies: 'read',
    dy: 'read',
    dx: 'read_write',
  }),
  params: { count: 'u32', stride: 'u32', n: 'u32', C4: 'u32', scale: 'f32' },
  shader: gramErrorBackward,
  variants: [{}],
};

/**
 * y [1] = mean over blocks of |X^T X - T^T T|^2 / (|T^T T|^2 + 1e-6), where X and T [n,C] are `block` = n rows of x and of
 * target [M,C]: the relative error of the Gram matrices (Gatys, Ecker and Bethge 2016, eq. 3 and 4). Since
 * |X^T X - T^T T|^2 = |X X^T|^2 - 2 |X T^T|^2 + |T T^T|^2, inner products of n rows do, n^2 and not C^2 of them. The
 * target has no gradient.
 */
export const gramError: OpSpec<{ block: number }> = {
  name: 'gram_error',
  inputs: ['x', 'target'],
  saves: ['x', 'target'],
  output(shapes, { block }, where) {
    const place = `gram_error at ${where}`;
    const { x, target } = shapes;
    if (x!.length !== 2 || !sameShape(x!, target!)) {
      throw new ShapeError(
        `${place}: x and target must be [M,C], got ${formatShape(x!)} and ${formatShape(target!)}`,
      );
    }
    if (!Number.isInteger(block) || block < 1 || x![0]! % block !== 0)
      throw new ShapeError(`${place}: blocks of ${block} rows must divide x.shape[0] (${x![0]})`);
    return { shape: [1], layout: 'flat' };
  },
  forward(t, { block }, ctx) {
    const label = `gram_error:forward at ${ctx.where}`;
    const { dispatches, ratios } = blocks(label, ctx, t.x!, t.target!, block);
    const scale = block / t.x!.shape[0]!;
    return [...dispatches, ...reduceSumDispatch(label, ctx, ratios, t.y!, scale)];
  },
  backward: {
    x(t, { block: n }, ctx) {
      const label = `gram_error:backward:x at ${ctx.where}`;
      const { dispatches, products, energies } = blocks(label, ctx, t.x!, t.target!, n);
      const [M, C] = t.x!.shape as unknown as [number, number];
      const C4 = ceilDiv(C, 4);
      const { workgroups, stride } = linearGrid(M * C4, ctx.target);
      const buffers = { x: t.x!, goal: t.target!, products, energies, dy: t.dy!, dx: t.dx! };
      const params = { count: M * C4, stride, n, C4, scale: (4 * n) / M };
      return [...dispatches, dispatch(gramErrorBackwardKernel, {}, label, buffers, params, workgroups)];
    },
  },
  cost(shapes, { block }) {
    const [m, c] = shapes.x as unknown as [number, number];
    return { flops: 6 * m * block * c, bytes: 8 * m * c + 16 * m * block };
  },
};

/** The products of a block's rows and what they come to. */
function blocks(
  label: string,
  ctx: OpContext,
  x: Tensor,
  goal: Tensor,
  n: number,
): { dispatches: Dispatch<Tensor>[]; products: Tensor; ratios: Tensor; energies: Tensor } {
  const [M, C] = x.shape as unknown as [number, number];
  const B = M / n;
  // A vec4 for each pair of rows, each row, each block.
  const products = ctx.scratch('products', [M, 4 * n]);
  const rows = ctx.scratch('rows', [M, 4]);
  const ratios = ctx.scratch('ratios', [B, 1]);
  const energies = ctx.scratch('energies', [B, 1]);
  const run = <V extends Record<string, never>>(
    kernel: KernelSpec<V>,
    buffers: Record<string, Tensor>,
    count: number,
    params: Record<string, number>,
  ) => {
    const { workgroups, stride } = linearGrid(count, ctx.target);
    return dispatch(kernel, {} as V, label, buffers, { count, stride, n, ...params }, workgroups);
  };
  const dispatches = [
    run(gramErrorProductsKernel, { x, goal, products }, M * n, { C4: ceilDiv(C, 4) }),
    run(gramErrorRowsKernel, { products, rows }, M, {}),
    run(gramErrorBlocksKernel, { rows, ratios, energies }, B, { epsilon: EPSILON }),
  ];
  return { dispatches, products, ratios, energies };
}
