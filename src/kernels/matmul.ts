import { type MatmulVariant, matmul as matmulShader } from '../../shaders/matmul.wgsl.js';
import { transpose } from '../../shaders/transpose.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, type Shape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { choose } from '../gpu/choices.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid, type Target } from '../gpu/kernel.js';
import { lanesVariant, matmulLanesKernel } from './matmul-lanes.js';
import { matmulTiledKernel, matmulTunable } from './matmul-tiled.js';
import type { OpContext, OpSpec } from './op.js';
import { outerTileOf } from './outer-tile.js';

const CPU_TILE = { side: 2, workgroup: 8 };
/** Smaller: statistics are small matrices, and a GPU has many threads to feed. */
const GPU_TILE = { side: 1, workgroup: 64 };

/** y = alpha * at^T b + diagonal * I, for each item of a batch. */
export const matmulKernel: KernelSpec<MatmulVariant> = {
  name: 'matmul',
  bindings: () => ({ at: 'read', b: 'read', y: 'read_write' }),
  params: {
    M: 'u32',
    K: 'u32',
    N: 'u32',
    blocks: 'u32',
    blocksOfItem: 'u32',
    stride: 'u32',
    alpha: 'f32',
    diagonal: 'f32',
  },
  shader: matmulShader,
  variants: [CPU_TILE, GPU_TILE].flatMap((tile) => [
    { ...tile, symmetric: false },
    { ...tile, symmetric: true },
  ]),
};

/** y = x^T, for each item of a batch. */
export const transposeKernel: KernelSpec<Record<string, never>> = {
  name: 'transpose',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { items: 'u32', R: 'u32', S: 'u32', stride: 'u32' },
  shader: transpose,
  variants: [{}],
};

/** y [M,N] = a [M,K] b [K,N]. */
export const matmul: OpSpec<Record<string, never>> = {
  name: 'matmul',
  inputs: ['a', 'b'],
  saves: ['a', 'b'],
  output(shapes, _attrs, where) {
    const { a, b } = shapes as { a: Shape; b: Shape };
    const given = `a ${formatShape(a)}, b ${formatShape(b)}`;
    if (a.length !== 2 || b.length !== 2)
      throw new ShapeError(`matmul at ${where}: both inputs must be matrices; ${given}`);
    if (a[1] !== b[0])
      throw new ShapeError(
        `matmul at ${where}: a.shape[1] (${a[1]}) must equal b.shape[0] (${b[0]}); ${given}`,
      );
    return { shape: [a[0]!, b[1]!], layout: 'flat' };
  },
  forward: (t, _attrs, ctx) => productDispatches(`matmul:forward at ${ctx.where}`, ctx, t.a!, t.b!, t.y!),
  backward: {
    a(t, _attrs, ctx) {
      const label = `matmul:backward:a at ${ctx.where}`;
      const turned = ctx.scratch('transposed', [...t.b!.shape].reverse());
      return [
        transposeDispatch(`${label} (transpose)`, ctx.target, t.b!, turned),
        ...productDispatches(label, ctx, t.dy!, turned, t.dx!),
      ];
    },
    b: (t, _attrs, ctx) => [
      matmulDispatch(`matmul:backward:b at ${ctx.where}`, ctx.target, { at: t.a!, b: t.dy!, y: t.dx! }),
    ],
  },
  tunables(shapes, _attrs, target) {
    const [M, K] = shapes.a as unknown as [number, number];
    const N = shapes.b![1]!;
    return {
      forward: matmulTunable(target, M, K, N),
      'backward:a': matmulTunable(target, M, N, K),
      'backward:b': matmulTunable(target, K, M, N),
    };
  },
  cost(shapes) {
    const [m, k] = shapes.a as unknown as [number, number];
    const n = shapes.b![1]!;
    return { flops: 2 * m * k * n, bytes: 4 * (m * k + k * n + m * n) };
  },
};

/** y = a b. The kernel wants a transposed, so that every load is a vec4; turning it costs little beside the product. */
function productDispatches(
  label: string,
  ctx: OpContext,
  a: Tensor,
  b: Tensor,
  y: Tensor,
): Dispatch<Tensor>[] {
  const at = ctx.scratch('at', [...a.shape].reverse());
  return [
    transposeDispatch(`${label} (transpose left)`, ctx.target, a, at),
    matmulDispatch(label, ctx.target, { at, b, y }),
  ];
}

/** Factors (alpha 1, diagonal 0 unless given), and what is known about the product. */
export interface MatmulOptions {
  readonly alpha?: number;
  /** Added to the diagonal. */
  readonly diagonal?: number;
  /** The product is known to be symmetric: half of it is computed. */
  readonly symmetric?: boolean;
  /** Products of as many matrices, which lie one below the other. */
  readonly items?: number;
}

/** y [M,N] = alpha * a b + diagonal * I, from at [K,M], the transpose of a, and b [K,N]; with items, of each of these. */
export function matmulDispatch(
  label: string,
  target: Target,
  t: { at: Tensor; b: Tensor; y: Tensor },
  { alpha = 1, diagonal = 0, symmetric = false, items = 1 }: MatmulOptions = {},
): Dispatch<Tensor> {
  const M = t.y.shape[0]! / items;
  const N = t.y.shape[1]!;
  const K = t.at.shape[0]! / items;
  const tile = items === 1 ? outerTileOf(choose(target.choices, matmulTunable(target, M, K, N))) : undefined;
  if (tile) {
    const [rows, columns] = [ceilDiv(M, 4 * tile.rows), ceilDiv(N, 4 * tile.columns)];
    const blocks = symmetric ? (rows * (rows + 1)) / 2 : rows * columns;
    const operands = { at: t.at, b: t.b, y: t.y };
    const params = { M, K, N, alpha, diagonal };
    if (blocks <= target.maxWorkgroups)
      return dispatch(matmulTiledKernel, { ...tile, symmetric }, label, operands, params, [blocks, 1, 1]);
  }
  // One tensor's product with itself is symmetric to the bit.
  const lanes = !symmetric || t.at === t.b ? lanesVariant(target, M, N, symmetric) : undefined;
  const variant = { ...(target.cpu ? CPU_TILE : GPU_TILE), symmetric };
  const side = lanes ? lanes.lanes : variant.side;
  const rows = ceilDiv(M, 4 * side);
  const columns = ceilDiv(N, 4 * side);
  const blocksOfItem = symmetric ? (rows * (rows + 1)) / 2 : rows * columns;
  const blocks = items * blocksOfItem;
  const groups = lanes ? blocks : ceilDiv(blocks, variant.workgroup);
  const x = Math.min(groups, target.maxWorkgroups);
  const grid = [x, ceilDiv(groups, x), 1] as const;
  const operands = { at: t.at, b: t.b, y: t.y };
  const params = { M, K, N, blocks, blocksOfItem, alpha, diagonal };
  if (lanes) return dispatch(matmulLanesKernel, lanes, label, operands, { ...params, stride: x }, grid);
  const stride = x * variant.workgroup;
  return dispatch(matmulKernel, variant, label, operands, { ...params, stride }, grid);
}

/** y [S,R] = transpose of x [R,S]; with items, of each of the matrices that lie one below the other. */
export function transposeDispatch(
  label: string,
  target: Target,
  x: Tensor,
  y: Tensor,
  items = 1,
): Dispatch<Tensor> {
  const R = x.shape[0]! / items;
  const S = x.shape[1]!;
  const grid = linearGrid(items * ceilDiv(S, 4) * ceilDiv(R, 4), target);
  const params = { items, R, S, stride: grid.stride };
  return dispatch(transposeKernel, {}, label, { x, y }, params, grid.workgroups);
}
