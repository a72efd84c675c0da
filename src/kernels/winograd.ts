// 3x3 convolutions of stride 1 by Winograd's minimal filtering: input and filter transformed, one matrix product
// per frequency, the result transformed back. The filter's transform depends on constants alone where weights are
// constant, so that a program makes it once.
import { type WinogradFilterVariant, winogradFilter } from '../../shaders/winograd_filter.wgsl.js';
import { type WinogradInputVariant, winogradInput } from '../../shaders/winograd_input.wgsl.js';
import { type WinogradOutputVariant, winogradOutput } from '../../shaders/winograd_output.wgsl.js';
import { TEXTURE_WIDTH } from '../base/layout.js';
import { ceilDiv, nchw } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import type { WinogradTile } from '../base/winograd.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid, type Target } from '../gpu/kernel.js';
import {
  FINISHES,
  type FinishTensors,
  finishBindings,
  finishOf,
  finishTensors,
  UNFINISHED,
} from './finish.js';
import { loadOf } from './load.js';
import type { OpContext } from './op.js';
import { productPlan, workgroupOf } from './winograd-product.js';

const TILES = { tilesX: 'u32', tilesY: 'u32', tiles: 'u32', first: 'u32', T: 'u32' } as const;

export const winogradFilterKernel: KernelSpec<WinogradFilterVariant> = {
  name: 'winograd_filter',
  bindings: () => ({ weight: 'read', u: 'read_write' }),
  params: { C: 'u32', K4: 'u32', block: 'u32', stride: 'u32' },
  shader: winogradFilter,
  variants: [
    { m: 2, flip: false },
    { m: 4, flip: true },
  ],
};

export const winogradInputKernel: KernelSpec<WinogradInputVariant> = {
  name: 'winograd_input',
  bindings: (v) => ({ x: v.load === 'texture' ? 'texture' : 'read', v: 'read_write' }),
  params: { C4: 'u32', H: 'u32', W: 'u32', pad: 'u32', ...TILES },
  shader: winogradInput,
  variants: [
    { m: 2, load: 'buffer' },
    { m: 4, load: 'texture' },
  ],
};

export const winogradOutputKernel: KernelSpec<WinogradOutputVariant> = {
  name: 'winograd_output',
  bindings: (v) => ({
    product: v.load === 'texture' ? 'texture' : 'read',
    ...(v.bias ? { bias: 'read' as const } : {}),
    y: 'read_write',
    ...finishBindings(v),
  }),
  params: { K4: 'u32', P: 'u32', Q: 'u32', ...TILES },
  shader: winogradOutput,
  variants: [
    { m: 2, load: 'texture', bias: true, relu: true, ...UNFINISHED },
    { m: 4, load: 'buffer', bias: false, relu: false, ...UNFINISHED },
    ...FINISHES.map((finish) => ({
      m: 4 as const,
      load: 'texture' as const,
      bias: false,
      relu: false,
      ...finish,
    })),
  ],
};

/**
 * The dispatches of y = act(conv(x, weight) + bias) by F(m x m, 3x3). With `flip`, weight is the filter of the
 * convolution whose data gradient y is. Tiles are taken in batches whose scratch one binding can hold.
 */
export function winogradDispatches(
  label: string,
  ctx: OpContext,
  t: { x: Tensor; weight: Tensor; bias?: Tensor | undefined; y: Tensor } & FinishTensors,
  attrs: { m: WinogradTile; pad: number; relu: boolean; flip: boolean },
): Dispatch<Tensor>[] {
  const { target } = ctx;
  const { m, pad, relu, flip } = attrs;
  const [n, c, h, w] = nchw(label, t.x.shape);
  const [, k, p, q] = nchw(label, t.y.shape);
  const [c4, k4, frequencies] = [ceilDiv(c, 4), ceilDiv(k, 4), (m + 2) ** 2];
  const [tilesY, tilesX] = [ceilDiv(p, m), ceilDiv(q, m)];
  const tiles = n * tilesY * tilesX;
  const length = batchLength(target, tiles, frequencies * Math.max(c4, k4));

  const shape = { c4, k4, tiles: length, frequencies };
  const plan = productPlan(target, shape, t.weight.constant);
  const { block } = plan;
  const groups = ceilDiv(k4, block);
  const u = ctx.scratch(`${flip ? 'flipped.' : ''}u`, [frequencies * groups * 4 * c4, 4 * block]);
  const filters = linearGrid(4 * c4 * groups * block, target);
  const dispatches: Dispatch<Tensor>[] = [
    dispatch(
      winogradFilterKernel,
      { m, flip },
      `${label} (filter)`,
      { weight: t.weight, u },
      { C: 4 * c4, K4: k4, block, stride: filters.stride },
      filters.workgroups,
    ),
  ];
  for (let first = 0; first < tiles; first += length) {
    const batch = { tilesX, tilesY, tiles, first, T: length };
    const v = ctx.scratch('v', [frequencies * c4, 4 * length]);
    const product = ctx.scratch('product', [frequencies * k4, 4 * length]);
    dispatches.push(
      dispatch(
        winogradInputKernel,
        { m, load: loadOf(target, t.x) },
        `${label} (input)`,
        { x: t.x, v },
        { C4: c4, H: h, W: w, pad, ...batch },
        [ceilDiv(length, TRANSFORM_WORKGROUP), c4, 1],
      ),
      plan.dispatch(label, { v, u, product }),
      dispatch(
        winogradOutputKernel,
        { m, load: loadOf(target, product), bias: t.bias !== undefined, relu, ...finishOf(t) },
        `${label} (output)`,
        { product, ...(t.bias ? { bias: t.bias } : {}), y: t.y, ...finishTensors(t) },
        { K4: k4, P: p, Q: q, ...batch },
        [ceilDiv(length, TRANSFORM_WORKGROUP), k4, 1],
      ),
    );
  }
  return dispatches;
}

/**
 * Tiles of a workgroup of the two transforms. Nothing is shared between their threads, but eight subgroups of llvmpipe
 * start faster as one workgroup than as eight.
 */
const TRANSFORM_WORKGROUP = 64;

/** Scratch beyond this leaves the caches between the dispatches that write and read it. */
const BATCH_BYTES = 32 * 2 ** 20;

/** Tiles per batch: equal batches, each with at most one binding, texture and grid of scratch. */
function batchLength(target: Target, tiles: number, vec4sPerTile: number): number {
  const vec4s = Math.min(
    BATCH_BYTES / 16,
    target.maxBindingBytes / 16,
    TEXTURE_WIDTH * target.maxTextureSize,
  );
  const most = Math.min(Math.floor(vec4s / vec4sPerTile), workgroupOf(target) * target.maxWorkgroups);
  return ceilDiv(tiles, ceilDiv(tiles, most));
}
