// A convolution's gradients to its weight and its bias: sums over the output pixels of all pictures.
import {
  type ConvWeightGradientVariant,
  conv2dBackwardWeight,
} from '../../shaders/conv2d_backward_weight.wgsl.js';
import {
  type ConvWeightGradientTiledVariant,
  conv2dBackwardWeightTiled,
} from '../../shaders/conv2d_backward_weight_tiled.wgsl.js';
import { HALO } from '../base/layout.js';
import { ceilDiv, nchw } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { bucketOf, choose, type Tunable } from '../gpu/choices.js';
import {
  type Dispatch,
  dispatch,
  type KernelSpec,
  LINEAR_WORKGROUP,
  type Target,
  type Workgroups,
} from '../gpu/kernel.js';
import type { ConvShape } from './conv-algorithm.js';
import { loadOf } from './load.js';
import type { OpContext } from './op.js';
import { OUTER_TILES, type OuterMethod, outerCandidates, outerTileOf } from './outer-tile.js';
import { partialSumDispatch } from './reduce.js';

/**
 * 16x16 channels, two pixels at a time, as measured on llvmpipe: a load costs as much as ten multiply-adds there, and
 * 256 sums still lie in the first cache.
 */
const CPU_BLOCK = { rows: 4, columns: 4, steps: 2 };
/** 8x8 channels fit into the registers of a GPU's thread. */
const GPU_BLOCK = { rows: 2, columns: 2, steps: 1 };

const base: ConvWeightGradientVariant = {
  ...CPU_BLOCK,
  lanes: 8,
  workgroup: 8,
  inside: true,
  load: 'texture',
};
const alone = { ...base, lanes: 0, load: 'buffer' } as const;

const PARAMS = {
  N: 'u32',
  C4: 'u32',
  H: 'u32',
  W: 'u32',
  K4: 'u32',
  P: 'u32',
  Q: 'u32',
  R: 'u32',
  S: 'u32',
  stride: 'u32',
  pad: 'u32',
  chunk: 'u32',
  gridX: 'u32',
} as const;

/** Sums over ranges of pixels of x[c] under a tap times dy[k]. */
export const conv2dBackwardWeightKernel: KernelSpec<ConvWeightGradientVariant> = {
  name: 'conv2d_backward_weight',
  bindings(v) {
    const read = v.load === 'texture' ? 'texture' : 'read';
    return { x: read, dy: read, partials: 'read_write' };
  },
  params: PARAMS,
  shader: conv2dBackwardWeight,
  variants: [
    base,
    { ...base, inside: false },
    { ...base, load: 'buffer' },
    alone,
    { ...alone, ...GPU_BLOCK, workgroup: LINEAR_WORKGROUP },
    { ...alone, ...GPU_BLOCK, workgroup: LINEAR_WORKGROUP, inside: false },
    { ...alone, ...GPU_BLOCK, lanes: 32, workgroup: 32 },
  ],
};

/** The same sums by tiles that a workgroup shares. */
export const conv2dBackwardWeightTiledKernel: KernelSpec<ConvWeightGradientTiledVariant> = {
  name: 'conv2d_backward_weight_tiled',
  bindings: () => ({ x: 'read', dy: 'read', partials: 'read_write' }),
  params: PARAMS,
  shader: conv2dBackwardWeightTiled,
  variants: Object.values(OUTER_TILES).flatMap((tile) => [
    { ...tile, inside: true },
    { ...tile, inside: false },
  ]),
};

/** The ways of a weight gradient, the default first. */
export function weightGradientTunable(target: Target, { n, c, k, r, s, stride, p, q }: ConvShape): Tunable {
  const least = Math.min(r * s * c, k);
  const wanted: OuterMethod = least >= 64 ? 'tiled/64x64' : least >= 16 ? 'tiled/32x32' : 'registers';
  return {
    family: 'conv2d-weight',
    bucket: `${r}x${s}s${stride} c${bucketOf(c)} k${bucketOf(k)} px${bucketOf(n * p * q)}`,
    candidates: outerCandidates(target, target.cpu ? 'registers' : wanted),
  };
}

/** dweight [K,C,R,S] in the layout `filter`, from x [N,C,H,W] and dy [N,K,P,Q]: chosen by `weightGradientTunable`. */
export function weightGradientDispatches(
  label: string,
  ctx: OpContext,
  t: { x: Tensor; dy: Tensor; dweight: Tensor },
  { stride, pad }: { stride: number; pad: number },
): Dispatch<Tensor>[] {
  const { target } = ctx;
  const { x, dy, dweight } = t;
  const [N, c, H, W] = nchw(label, x.shape);
  const [, k, P, Q] = nchw(label, dy.shape);
  const [R, S] = dweight.shape.slice(2) as [number, number];
  const [C4, K4] = [ceilDiv(c, 4), ceilDiv(k, 4)];
  const sizes = { N, C4, H, W, K4, P, Q, R, S, stride, pad };
  const shape = { n: N, c, k, r: R, s: S, stride, pad, p: P, q: Q };
  const tile = outerTileOf(choose(target.choices, weightGradientTunable(target, shape)));
  const inside = pad <= HALO;
  const { rows, columns } = tile ?? blockOf(target);
  const blocks = ceilDiv(R * S * C4, rows) * ceilDiv(K4, columns);
  const chunks = chunksOf(target, N * P * Q, blocks);
  const chunk = ceilDiv(N * P * Q, chunks);
  const partials = ctx.scratch('partials', [chunks, R * S * 4 * C4, 4 * K4]);
  const operands = { x, dy, partials };
  const sum = partialSumDispatch(`${label} (sum)`, target, partials, dweight, 1);
  if (tile) {
    const { gridX, workgroups } = fold(target, blocks, chunks);
    const params = { ...sizes, chunk, gridX };
    return [
      dispatch(conv2dBackwardWeightTiledKernel, { ...tile, inside }, label, operands, params, workgroups),
      sum,
    ];
  }
  const load = [x, dy].every((operand) => loadOf(target, operand) === 'texture') ? 'texture' : 'buffer';
  const lanes = target.subgroupSize;
  const workgroup = lanes > 0 ? lanes : target.cpu ? base.workgroup : LINEAR_WORKGROUP;
  const variant = { ...blockOf(target), lanes, workgroup, inside, load } as const;
  const { gridX, workgroups } = fold(target, lanes > 0 ? blocks : ceilDiv(blocks, workgroup), chunks);
  const params = { ...sizes, chunk, gridX };
  return [dispatch(conv2dBackwardWeightKernel, variant, label, operands, params, workgroups), sum];
}

function blockOf({ cpu }: Target): typeof CPU_BLOCK {
  return cpu ? CPU_BLOCK : GPU_BLOCK;
}

/** Workgroups that keep all processors busy: those of a CPU, and those of a large GPU. */
const CPU_FULL = 16;
const GPU_FULL = 512;
/** Below so many pixels a range's loads and stores of sums cost more than its products. */
const LEAST_CHUNK = 256;

/** Ranges of pixels that are summed apart, where `blocks` blocks are computed of each. */
function chunksOf({ cpu }: Target, pixels: number, blocks: number): number {
  return Math.max(1, Math.min(ceilDiv(cpu ? CPU_FULL : GPU_FULL, blocks), Math.floor(pixels / LEAST_CHUNK)));
}

/** Blocks along x, beyond the limit of one dimension along z too. */
function fold(target: Target, groups: number, chunks: number): { gridX: number; workgroups: Workgroups } {
  const gridX = Math.min(groups, target.maxWorkgroups);
  return { gridX, workgroups: [gridX, chunks, ceilDiv(groups, gridX)] };
}
