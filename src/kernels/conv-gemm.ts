// Convolutions on CPU rasterisers as implicit matrix products: pixels of all pictures by output channels.
import { type ConvGemmVariant, conv2dGemm } from '../../shaders/conv2d_gemm.wgsl.js';
import { type ConvGemmNarrowVariant, conv2dGemmNarrow } from '../../shaders/conv2d_gemm_narrow.wgsl.js';
import { filterBlock } from '../../shaders/filter_block.wgsl.js';
import { HALO } from '../base/layout.js';
import { ceilDiv, nchw } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Bindings, type Dispatch, dispatch, type KernelSpec, linearGrid } from '../gpu/kernel.js';
import { fitsTexture } from '../gpu/texture.js';
import {
  type ConvOperands,
  type ConvStep,
  epilogueOf,
  IMPLICIT_PARAMS,
  implicitGrid,
  operandsOf,
} from './conv-tiled.js';
import { FINISHES, finishBindings, UNFINISHED } from './finish.js';
import { loadOf } from './load.js';
import type { OpContext } from './op.js';
import { NARROW, tileKOf, tileTOf } from './winograd-product.js';

const bindings = (v: ConvGemmNarrowVariant): Bindings => ({
  x: v.load === 'texture' ? 'texture' : 'read',
  weight: v.loadW === 'texture' ? 'texture' : 'read',
  ...(v.bias ? { bias: 'read' } : {}),
  y: 'read_write',
  ...finishBindings(v),
});

const base = {
  lanes: 8,
  inside: true,
  load: 'texture',
  loadW: 'texture',
  bias: true,
  relu: true,
  ...UNFINISHED,
} as const;

export const conv2dGemmKernel: KernelSpec<ConvGemmVariant> = {
  name: 'conv2d_gemm',
  bindings,
  params: IMPLICIT_PARAMS,
  shader: conv2dGemm,
  variants: [
    { ...base, tileT: 8, tileK: 8, inputs: 4 },
    { ...base, tileT: 8, tileK: 8, inputs: 3, inside: false },
    { ...base, tileT: 5, tileK: 4, inputs: 4, loadW: 'buffer', bias: false, relu: false },
    { ...base, tileT: 1, tileK: 1, inputs: 4, load: 'buffer', loadW: 'buffer' },
    ...FINISHES.map((finish) => ({
      ...base,
      tileT: 4,
      tileK: 2,
      inputs: 4 as const,
      bias: false,
      relu: false,
      ...finish,
    })),
  ],
};

export const conv2dGemmNarrowKernel: KernelSpec<ConvGemmNarrowVariant> = {
  name: 'conv2d_gemm_narrow',
  bindings,
  params: IMPLICIT_PARAMS,
  shader: conv2dGemmNarrow,
  variants: [
    { ...base, tileT: 9 },
    { ...base, tileT: 4, inside: false, load: 'buffer', loadW: 'buffer', bias: false, relu: false },
    ...FINISHES.map((finish) => ({ ...base, tileT: 16, bias: false, relu: false, ...finish })),
  ],
};

export const filterBlockKernel: KernelSpec<Record<string, never>> = {
  name: 'filter_block',
  bindings: () => ({ weight: 'read', blocked: 'read_write' }),
  params: { rows: 'u32', K4: 'u32', width: 'u32', stride: 'u32' },
  shader: filterBlock,
  variants: [{}],
};

/** Pixels per thread where the lanes lie on channels: those of maps of 1, 2x2, 3x3 and 4x4. */
const NARROW_TILES = [1, 4, 9, NARROW] as const;

/** The convolution as one product; filters that are constant are put in order once, into a texture. */
export function gemmDispatches(
  label: string,
  ctx: OpContext,
  t: ConvOperands,
  attrs: ConvStep,
): Dispatch<Tensor>[] {
  const { target } = ctx;
  const [n, k, p, q] = nchw(label, t.y.shape);
  const [, c, r, s] = t.weight.shape as unknown as [number, number, number, number];
  const [pixels, k4, lanes] = [n * p * q, ceilDiv(k, 4), target.subgroupSize];
  const rows = r * s * 4 * ceilDiv(c, 4);
  const narrow = pixels <= NARROW && k4 >= lanes;
  const frozen = t.frozen ?? t.weight.constant;
  const width = narrow ? lanes : tileKOf(k4, frozen);
  const blocks = ceilDiv(k4, width);
  const loadW =
    frozen && fitsTexture(target, blocks * rows * width) ? ('texture' as const) : ('buffer' as const);
  const blocked = ctx.scratch('blocked', [blocks * rows, 4 * width]);
  const grid = linearGrid(blocks * rows * width, target);
  const order = dispatch(
    filterBlockKernel,
    {},
    `${label} (filter)`,
    { weight: t.weight, blocked },
    { rows, K4: k4, width, stride: grid.stride },
    grid.workgroups,
  );
  const operands = operandsOf({ ...t, weight: blocked });
  const tileT = narrow ? NARROW_TILES.find((tile) => tile >= pixels)! : tileTOf(pixels, lanes, 8);
  const variant = {
    tileT,
    lanes,
    inside: attrs.pad <= HALO,
    load: loadOf(target, t.x),
    loadW,
    ...epilogueOf(t, attrs),
  };
  const [across, high] = narrow ? [tileT, lanes] : [tileT * lanes, width];
  const { params, workgroups } = implicitGrid(label, target, t, attrs, across, high);
  const product = narrow
    ? dispatch(conv2dGemmNarrowKernel, variant, label, operands, params, workgroups)
    : dispatch(
        conv2dGemmKernel,
        { ...variant, tileK: width, inputs: c === 3 ? 3 : 4 },
        label,
        operands,
        params,
        workgroups,
      );
  return [order, product];
}
