import { WINOGRAD, type WinogradTile } from '../src/base/winograd.js';
import { transformColumn, transformRows } from './combine.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type WinogradFilterVariant = {
  /** Outputs per tile and side. */
  m: WinogradTile;
  /** Takes the filter of the data gradient: taps reversed, input and output channels exchanged. */
  flip: boolean;
};

/**
 * Filters in Winograd's domain: U[e] = (G g GT)[e] for the 3x3 filter g of every pair of channels, e < (m+2)^2.
 * Output channel blocks lie in B groups of `block`, those that a workgroup of the matrix product reads together,
 * the last one filled up with zeros. One thread transforms the filters of one input channel and four output channels.
 */
export function winogradFilter(v: WinogradFilterVariant): string {
  const { G } = WINOGRAD[v.m];
  const side = v.m + 2;
  return wgsl`
#if ${v.flip}
@group(0) @binding(1) var<storage, read> weight: array<f32>; // [9][4*K4][C]
#else
@group(0) @binding(1) var<storage, read> weight: array<vec4f>; // [9][C][K4]
#endif
@group(0) @binding(2) var<storage, read_write> u: array<vec4f>; // [(m+2)^2][B][C][block], C a multiple of 4

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  let group = i / (params.C * params.block);
  let groups = (params.K4 + params.block - 1u) / params.block;
  if (group >= groups) {
    return;
  }
  let c = i / params.block % params.C;
  let k4 = min(group * params.block + i % params.block, params.K4 - 1u);
  let beyond = group * params.block + i % params.block >= params.K4;
  ${unroll(9, (tap) => `let g${Math.floor(tap / 3)}_${tap % 3} = ${v.flip ? flippedTap(tap) : `weight[(${tap}u * params.C + c) * params.K4 + k4]`};`)}
  ${unroll(3, (column) => transformColumn(G, 'g', 'h', column))}
  ${unroll(side * side, (e) => `u[${e}u * groups * params.C * params.block + i] = select(${transformRows(G, 'h', side)[e]}, vec4f(), beyond);`)}
}
`;
}

/** Four output channels of a tap, which are four input channels of the filter as stored. */
function flippedTap(tap: number): string {
  const lane = (j: number) => `weight[(${8 - tap}u * 4u * params.K4 + 4u * k4 + ${j}u) * params.C + c]`;
  return `vec4f(${lane(0)}, ${lane(1)}, ${lane(2)}, ${lane(3)})`;
}
