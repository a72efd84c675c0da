// Squared norms of Gram matrices, block by block.
import { blockEnergy as blockEnergyShader } from '../../shaders/block_energy.wgsl.js';
import { rowSquares } from '../../shaders/row_squares.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid } from '../gpu/kernel.js';
import { matmulDispatch, transposeDispatch } from './matmul.js';
import type { OpContext, OpSpec } from './op.js';

/** Squared norms of the rows of a matrix. */
export const rowSquaresKernel: KernelSpec<Record<string, never>> = {
  name: 'row_squares',
  bindings: () => ({ x: 'read', rows: 'read_write' }),
  params: { count: 'u32', stride: 'u32', S4: 'u32' },
  shader: rowSquares,
  variants: [{}],
};

/** Their sums, block by block. */
export const blockEnergyKernel: KernelSpec<Record<string, never>> = {
  name: 'block_energy',
  bindings: () => ({ rows: 'read', y: 'read_write' }),
  params: { count: 'u32', stride: 'u32', B: 'u32', size: 'u32' },
  shader: blockEnergyShader,
  variants: [{}],
};

/**
 * y [B]: |T^T T|^2 of each block T [n,C] of `block` = n rows of x [B*n,C], the squared Frobenius norm of its Gram matrix. It
 * is that of T T^T too: the smaller of the two is computed. Has no gradient: it is what the errors of Gram matrices
 * of constants are measured by.
 */
export const blockEnergy: OpSpec<{ block: number }> = {
  name: 'block_energy',
  inputs: ['x'],
  detached: ['x'],
  saves: [],
  output(shapes, { block }, where) {
    const x = shapes.x!;
    const place = `block_energy at ${where}`;
    if (x.length !== 2) throw new ShapeError(`${place}: x must be [M,C], got ${formatShape(x)}`);
    assertBlocks(place, x[0]!, block);
    return { shape: [x[0]! / block], layout: 'flat' };
  },
  forward(t, { block: n }, ctx) {
    const label = `block_energy:forward at ${ctx.where}`;
    const [M, C] = t.x!.shape as unknown as [number, number];
    const B = M / n;
    const side = Math.min(n, C);
    const gram = ctx.scratch('gram', [B * side, side]);
    const dispatches: Dispatch<Tensor>[] = [];
    let at = t.x!;
    if (n < C) {
      at = ctx.scratch('turned', [B * C, n]);
      dispatches.push(transposeDispatch(`${label} (turn)`, ctx.target, t.x!, at, B));
    }
    const options = { symmetric: true, items: B };
    dispatches.push(matmulDispatch(`${label} (Gram)`, ctx.target, { at, b: at, y: gram }, options));
    const squares = rowSquaresDispatch(label, ctx, gram);
    const { workgroups, stride } = linearGrid(ceilDiv(B, 4), ctx.target);
    const params = { count: ceilDiv(B, 4), stride, B, size: side };
    const buffers = { rows: squares.rows, y: t.y! };
    return [
      ...dispatches,
      squares.dispatch,
      dispatch(blockEnergyKernel, {}, label, buffers, params, workgroups),
    ];
  },
  backward: {},
  cost(shapes, { block }) {
    const [m, c] = shapes.x as unknown as [number, number];
    return { flops: m * c * Math.min(block, c), bytes: 4 * m * c };
  },
};

/** ShapeError unless blocks of `block` rows make up `rows`. */
export function assertBlocks(place: string, rows: number, block: number): void {
  if (!Number.isInteger(block) || block < 1 || rows % block !== 0)
    throw new ShapeError(`${place}: blocks of ${block} rows must divide x.shape[0] (${rows})`);
}

/** Squared norms of the rows of x [R,S], the first of a vec4 each. */
export function rowSquaresDispatch(
  label: string,
  ctx: OpContext,
  x: Tensor,
  name = 'squares',
): { rows: Tensor; dispatch: Dispatch<Tensor> } {
  const [R, S] = x.shape as unknown as [number, number];
  const rows = ctx.scratch(name, [R, 1]);
  const { workgroups, stride } = linearGrid(R, ctx.target);
  const params = { count: R, stride, S4: ceilDiv(S, 4) };
  return { rows, dispatch: dispatch(rowSquaresKernel, {}, label, { x, rows }, params, workgroups) };
}
