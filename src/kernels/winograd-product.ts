// The matrix products in Winograd's domain: which kernel and tile computes them with the least time.
import { type WinogradGemmVariant, winogradGemm } from '../../shaders/winograd_gemm.wgsl.js';
import {
  type WinogradGemmNarrowVariant,
  winogradGemmNarrow,
} from '../../shaders/winograd_gemm_narrow.wgsl.js';
import { ceilDiv } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import {
  type Bindings,
  type Dispatch,
  dispatch,
  type KernelSpec,
  type Target,
  type Workgroups,
} from '../gpu/kernel.js';
import { fitsTexture } from '../gpu/texture.js';
import { loadOf } from './load.js';

const bindings = (v: Pick<WinogradGemmVariant, 'load' | 'loadU'>): Bindings => ({
  v: v.load === 'texture' ? 'texture' : 'read',
  u: v.loadU === 'texture' ? 'texture' : 'read',
  product: 'read_write',
});

export const winogradGemmKernel: KernelSpec<WinogradGemmVariant> = {
  name: 'winograd_gemm',
  bindings,
  params: { C4: 'u32', K4: 'u32', T: 'u32' },
  shader: winogradGemm,
  variants: [
    { tileT: 8, tileK: 8, lanes: 8, workgroup: 8, load: 'texture', loadU: 'texture' },
    { tileT: 5, tileK: 4, lanes: 8, workgroup: 8, load: 'texture', loadU: 'buffer' },
    { tileT: 2, tileK: 2, lanes: 0, workgroup: 64, load: 'buffer', loadU: 'buffer' },
  ],
};

export const winogradGemmNarrowKernel: KernelSpec<WinogradGemmNarrowVariant> = {
  name: 'winograd_gemm_narrow',
  bindings,
  params: { C4: 'u32', K4: 'u32', T: 'u32' },
  shader: winogradGemmNarrow,
  variants: [
    { tileT: 16, lanes: 8, load: 'texture', loadU: 'texture' },
    { tileT: 4, lanes: 8, load: 'buffer', loadU: 'buffer' },
  ],
};

/** Extents of the products: C/4, K/4, tiles and the frequencies, each of which is one matrix product. */
export interface ProductShape {
  readonly c4: number;
  readonly k4: number;
  readonly tiles: number;
  readonly frequencies: number;
}

/** The kernel of the matrix product, its variant and grid; `block`: channel blocks that a workgroup computes. */
export interface ProductPlan {
  readonly block: number;
  dispatch(label: string, t: { v: Tensor; u: Tensor; product: Tensor }): Dispatch<Tensor>;
}

/** Threads of a workgroup; on CPU rasterisers one subgroup. */
export function workgroupOf(target: Target): number {
  return target.cpu ? target.subgroupSize || 8 : 64;
}

/**
 * Time per tile by tiles per thread, from 1 on, relative to that of 8: more tiles spare loads of the filter. Measured on
 * llvmpipe with the filter read from a texture, a little flatter than from a buffer.
 */
const TILE_PRICES = [2.2, 1.42, 1.2, 1.1, 1.09, 1.05, 1.02, 1] as const;

/** Up to so many tiles the lanes of a subgroup lie on output channels: they could not all have tiles of their own. */
export const NARROW = 16;

/**
 * The fastest kernel and tile for a product on `target`. Filters that are `frozen` are read from a texture on CPU
 * rasterisers, into which they are moved once; others would have to be copied every time.
 */
export function productPlan(target: Target, shape: ProductShape, frozen: boolean): ProductPlan {
  const { c4, k4, tiles, frequencies } = shape;
  const params = { C4: c4, K4: k4, T: tiles };
  const lanes = target.cpu ? target.subgroupSize : 0;
  const grid = (width: number, block: number): Workgroups => [
    ceilDiv(tiles, width),
    ceilDiv(k4, block),
    frequencies,
  ];
  const most = frequencies * 4 * c4 * (k4 + Math.max(WIDE, lanes));
  const loadU = target.cpu && frozen && fitsTexture(target, most) ? 'texture' : 'buffer';
  if (lanes > 0 && tiles <= NARROW && k4 >= lanes) {
    const tileT = tiles <= 4 ? 4 : tiles <= 8 ? 8 : NARROW;
    return {
      block: lanes,
      dispatch: (label, t) =>
        dispatch(
          winogradGemmNarrowKernel,
          { tileT, lanes, load: loadOf(target, t.v), loadU },
          label,
          t,
          params,
          grid(tileT, lanes),
        ),
    };
  }
  const workgroup = workgroupOf(target);
  const tileK = tileKOf(k4, lanes > 0 && loadU === 'texture');
  const tileT = tileTOf(tiles, workgroup, lanes > 0 ? TILE_PRICES.length : 4);
  return {
    block: tileK,
    dispatch: (label, t) =>
      dispatch(
        winogradGemmKernel,
        { tileT, tileK, lanes, workgroup, load: loadOf(target, t.v), loadU },
        label,
        t,
        params,
        grid(tileT * workgroup, tileK),
      ),
  };
}

/** Output channel blocks per thread where loads of the filter are cheap. */
const WIDE = 8;

/** Output channel blocks per thread: the wide tile only where it computes no more blocks than the narrow one. */
export function tileKOf(k4: number, wide: boolean): number {
  if (wide && k4 > 4 && ceilDiv(k4, WIDE) * WIDE === ceilDiv(k4, 4) * 4) return WIDE;
  return k4 >= 4 ? 4 : k4 >= 2 ? 2 : 1;
}

/** Tiles per thread that take the least time, the last ones of a row computed in vain; without broadcasts the
 * filters are in registers too, which leaves room for fewer. */
export function tileTOf(tiles: number, workgroup: number, most: number): number {
  const time = (tileT: number) => TILE_PRICES[tileT - 1]! * tileT * ceilDiv(tiles, tileT * workgroup);
  const all = Array.from({ length: most }, (_, i) => most - i);
  return all.reduce((best, next) => (time(next) < time(best) ? next : best));
}
