// Convolutions on GPUs: a workgroup computes a tile of pixels by channels from factors in its shared memory.
import { type ConvTiledVariant, conv2dTiled } from '../../shaders/conv2d_tiled.wgsl.js';
import type { Finish } from '../../shaders/finish.js';
import { HALO } from '../base/layout.js';
import { ceilDiv, nchw } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import {
  type Bindings,
  type Dispatch,
  dispatch,
  type KernelSpec,
  type Target,
  type Workgroups,
} from '../gpu/kernel.js';
import {
  FINISHES,
  type FinishTensors,
  finishBindings,
  finishOf,
  finishTensors,
  UNFINISHED,
} from './finish.js';
import { filterHalfDispatches, halfScaleDispatches } from './half.js';
import type { OpContext } from './op.js';

type Tile = Omit<ConvTiledVariant, 'half' | 'inside' | keyof Epilogue>;

/**
 * Tiles by their size in pixels x channels: 8x8, 4x8 and 4x4 sums a thread. The first two are for adapters with many
 * registers (NVIDIA, AMD, Apple), the last for small ones (Intel) and for maps too small to fill the others.
 */
export const CONV_TILES = {
  '128x64': { pixels: 128, blocks: 16, perPixel: 8, perBlock: 2, depth: 2 },
  '64x64': { pixels: 64, blocks: 16, perPixel: 4, perBlock: 2, depth: 4 },
  '32x32': { pixels: 32, blocks: 8, perPixel: 4, perBlock: 1, depth: 4 },
} as const satisfies Record<string, Tile>;

/** Tile of a workgroup, pixels by channels, by its name in `CONV_TILES`. */
export type ConvTile = keyof typeof CONV_TILES;

const base: ConvTiledVariant = {
  ...CONV_TILES['64x64'],
  half: false,
  inside: true,
  bias: true,
  relu: true,
  ...UNFINISHED,
};

/** Params of the implicit matrix products; pixels of all N pictures fill tiles, folded over z beyond gridX. */
export const IMPLICIT_PARAMS = {
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
  gridX: 'u32',
} as const;

export const conv2dTiledKernel: KernelSpec<ConvTiledVariant> = {
  name: 'conv2d_tiled',
  bindings: (v): Bindings => ({
    x: 'read',
    weight: 'read',
    ...(v.half ? { scaleX: 'read', scaleW: 'read' } : {}),
    ...(v.bias ? { bias: 'read' } : {}),
    y: 'read_write',
    ...finishBindings(v),
  }),
  params: IMPLICIT_PARAMS,
  shader: conv2dTiled,
  variants: Object.values(CONV_TILES).flatMap((tile) => [
    { ...base, ...tile },
    { ...base, ...tile, half: true },
    { ...base, ...tile, inside: false, bias: false, relu: false },
    ...FINISHES.map((finish) => ({ ...base, ...tile, bias: false, relu: false, ...finish })),
  ]),
};

/** Whether the adapter has the threads and the shared memory for a tile. */
export function tileFits(target: Target, tile: ConvTile, half: boolean): boolean {
  const { pixels, blocks, perPixel, perBlock, depth } = CONV_TILES[tile];
  const threads = (pixels / perPixel) * (blocks / perBlock);
  const bytes = 2 * depth * (pixels + 4 * blocks) * (half ? 8 : 16);
  return threads <= target.maxWorkgroupThreads && bytes <= target.maxSharedBytes;
}

/** What a convolution computes y = act(conv(x, weight) + bias) from; `earlier` and `mask` where y is a data gradient. */
export interface ConvOperands extends FinishTensors {
  readonly x: Tensor;
  /** In the layout `filter`. */
  readonly weight: Tensor;
  readonly bias?: Tensor | undefined;
  readonly y: Tensor;
  /** Whether the weight depends on constants alone, where that does not show: a constant one was flipped. */
  readonly frozen?: boolean;
}

export interface ConvStep {
  readonly stride: number;
  readonly pad: number;
  readonly relu?: boolean;
}

/** The convolution by tiles; with `half`, factors are f16. */
export function tiledDispatches(
  label: string,
  ctx: OpContext,
  t: ConvOperands,
  attrs: ConvStep,
  { tile, half }: { tile: ConvTile; half: boolean },
): Dispatch<Tensor>[] {
  const { pixels, blocks } = CONV_TILES[tile];
  const { params, workgroups } = implicitGrid(label, ctx.target, t, attrs, pixels, blocks);
  const variant = { ...CONV_TILES[tile], half, inside: attrs.pad <= HALO, ...epilogueOf(t, attrs) };
  if (!half) return [dispatch(conv2dTiledKernel, variant, label, operandsOf(t), params, workgroups)];
  const halves = halfOperands(label, ctx, t);
  return [
    ...halves.dispatches,
    dispatch(conv2dTiledKernel, variant, label, halves.operands, params, workgroups),
  ];
}

/** What is fused behind the sums. */
export interface Epilogue extends Finish {
  readonly bias: boolean;
  readonly relu: boolean;
}

/** The part of a variant that follows from the operands. */
export function epilogueOf(t: ConvOperands, attrs: ConvStep): Epilogue {
  return { bias: t.bias !== undefined, relu: attrs.relu ?? false, ...finishOf(t) };
}

/** Filter in f16 and the scales of both factors, with the dispatches that make them. */
export function halfOperands(
  label: string,
  ctx: OpContext,
  t: ConvOperands,
): { operands: Record<string, Tensor>; dispatches: Dispatch<Tensor>[] } {
  const filter = filterHalfDispatches(label, ctx, t.weight);
  const range = halfScaleDispatches(`${label} (x)`, ctx, t.x);
  return {
    operands: { ...operandsOf({ ...t, weight: filter.half }), scaleX: range.scale, scaleW: filter.scale },
    dispatches: [...filter.dispatches, ...range.dispatches],
  };
}

/** Tensors of the operands by their names in a kernel. */
export function operandsOf(t: ConvOperands): Record<string, Tensor> {
  const { x, weight, bias, y } = t;
  return { x, weight, ...(bias ? { bias } : {}), y, ...finishTensors(t) };
}

/** Params and grid of an implicit matrix product whose workgroups compute `pixels` x `blocks` of y. */
export function implicitGrid(
  label: string,
  target: Target,
  t: ConvOperands,
  attrs: ConvStep,
  pixels: number,
  blocks: number,
): { params: Record<keyof typeof IMPLICIT_PARAMS, number>; workgroups: Workgroups } {
  const [, c, H, W] = nchw(label, t.x.shape);
  const [N, k, P, Q] = nchw(label, t.y.shape);
  const [R, S] = t.weight.shape.slice(2) as [number, number];
  const K4 = ceilDiv(k, 4);
  const groups = ceilDiv(N * P * Q, pixels);
  const gridX = Math.min(groups, target.maxWorkgroups);
  const { stride, pad } = attrs;
  return {
    params: { N, C4: ceilDiv(c, 4), H, W, K4, P, Q, R, S, stride, pad, gridX },
    workgroups: [gridX, ceilDiv(K4, blocks), ceilDiv(groups, gridX)],
  };
}
