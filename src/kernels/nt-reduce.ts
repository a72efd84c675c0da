// Sums over pixels of products of channels: the Gram matrix, the covariance, a convolution's weight gradient.
import { type NtReduceVariant, ntReduce } from '../../shaders/nt_reduce.wgsl.js';
import { HALO } from '../base/layout.js';
import { ceilDiv, nchw } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { choose, type Tunable } from '../gpu/choices.js';
import {
  type Bindings,
  type Dispatch,
  dispatch,
  type KernelSpec,
  LINEAR_WORKGROUP,
  type Target,
} from '../gpu/kernel.js';
import { loadOf } from './load.js';
import { ntReduceTiledKernel, ntTunable, tiledChunks } from './nt-reduce-tiled.js';
import type { OpContext } from './op.js';
import { outerTileOf } from './outer-tile.js';
import { partialSumDispatch } from './reduce.js';

const base: NtReduceVariant = { side: 2, lanes: 8, workgroup: 8, symmetric: true, load: 'buffer' };

/** a b^T over all pixels, split into ranges that partial_sum adds. */
export const ntReduceKernel: KernelSpec<NtReduceVariant> = {
  name: 'nt_reduce',
  bindings(v): Bindings {
    const read = v.load === 'texture' ? 'texture' : 'read';
    return v.symmetric ? { a: read, partials: 'read_write' } : { a: read, b: read, partials: 'read_write' };
  },
  params: { A4: 'u32', B4: 'u32', plane: 'u32', chunk: 'u32', chunks: 'u32', blocks: 'u32' },
  shader: ntReduce,
  variants: [
    base,
    { ...base, symmetric: false },
    { ...base, load: 'texture' },
    { ...base, symmetric: false, load: 'texture' },
    { ...base, lanes: 32, workgroup: 32 },
    { ...base, lanes: 0 },
    { ...base, lanes: 0, workgroup: LINEAR_WORKGROUP },
    { ...base, lanes: 0, workgroup: LINEAR_WORKGROUP, symmetric: false },
  ],
};

/** Most splits of one sum: one thread adds them in order at the end. */
const MAX_CHUNKS = 256;
/** Most floats of partial sums. */
const MAX_PARTIALS = 2 ** 24;

/**
 * y [A,B] = scale * sum over samples and pixels of a[n,i,p] * b[n,j,p], for images a [N,A,H,W] and b [N,B,H,W]
 * of equal H and W. Without b it stands for a, and half the work is spared by symmetry.
 */
export function ntReduceDispatches(
  label: string,
  ctx: OpContext,
  t: { a: Tensor; b?: Tensor; y: Tensor },
  scale: number,
): Dispatch<Tensor>[] {
  const [n, channelsA, h, w] = nchw(label, t.a.shape);
  const A4 = ceilDiv(channelsA, 4);
  const B4 = ceilDiv(nchw(label, (t.b ?? t.a).shape)[1], 4);
  const plane = (h + 2 * HALO) * (w + 2 * HALO);
  const scratch = (chunks: number) => ctx.scratch('partials', [n * chunks, 4 * A4, 4 * B4]);
  const most = Math.max(1, Math.min(MAX_CHUNKS, Math.floor(MAX_PARTIALS / (n * 16 * A4 * B4))));
  const tile = outerTileOf(choose(ctx.target.choices, tunableOf(ctx.target, label, t)));
  if (tile) {
    const [rows, columns] = [ceilDiv(A4, tile.rows), ceilDiv(B4, tile.columns)];
    const blocks = t.b ? rows * columns : (rows * (rows + 1)) / 2;
    const chunks = Math.min(tiledChunks(plane, blocks), most);
    const chunk = tile.depth * ceilDiv(plane, chunks * tile.depth);
    const partials = scratch(chunks);
    const operands: Record<string, Tensor> = t.b ? { a: t.a, b: t.b, partials } : { a: t.a, partials };
    const variant = { ...tile, symmetric: t.b === undefined };
    const params = { A4, B4, plane, chunk, chunks };
    return [
      dispatch(ntReduceTiledKernel, variant, label, operands, params, [blocks, n * chunks, 1]),
      partialSumDispatch(`${label} (sum)`, ctx.target, partials, t.y, scale, t.b ? 0 : tile.rows),
    ];
  }
  const inTextures = [t.a, t.b ?? t.a].every((x) => loadOf(ctx.target, x) === 'texture');
  const load = inTextures ? 'texture' : 'buffer';
  const variant = { ...chooseVariant(ctx.target), symmetric: t.b === undefined, load } as const;
  const { side, lanes, workgroup } = variant;
  const [rows, columns] = [ceilDiv(A4, side), ceilDiv(B4, side)];
  const blocks = t.b ? rows * columns : (rows * (rows + 1)) / 2;
  // A CPU wants long loops, a GPU many workgroups.
  const chunks = Math.min(ceilDiv(plane, ctx.target.cpu ? 4096 : 1024), most);
  const turn = Math.max(1, lanes);
  const chunk = turn * ceilDiv(plane, chunks * turn);
  const partials = scratch(chunks);
  return [
    dispatch(
      ntReduceKernel,
      variant,
      label,
      t.b ? { a: t.a, b: t.b, partials } : { a: t.a, partials },
      { A4, B4, plane, chunk, chunks, blocks },
      [lanes > 0 ? blocks : ceilDiv(blocks, workgroup), n * chunks, 1],
    ),
    partialSumDispatch(`${label} (sum)`, ctx.target, partials, t.y, scale, t.b ? 0 : side),
  ];
}

function tunableOf(target: Target, label: string, t: { a: Tensor; b?: Tensor }): Tunable {
  const [n, a, h, w] = nchw(label, t.a.shape);
  return ntTunable(target, { a, pixels: n * h * w, ...(t.b ? { b: t.b.shape[1]! } : {}) });
}

function chooseVariant(target: Target): Omit<NtReduceVariant, 'symmetric' | 'load'> {
  const lanes = target.subgroupSize;
  if (lanes > 0) return { side: base.side, lanes, workgroup: lanes };
  return { side: base.side, lanes: 0, workgroup: target.cpu ? 8 : LINEAR_WORKGROUP };
}
