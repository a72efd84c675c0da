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
 * One thread transforms the filters of one input channel and four output channels.
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
@group(0) @binding(2) var<storage, read_write> u: array<vec4f>; // [(m+2)^2][C][K4], C a multiple of 4

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.C * params.K4) {
    return;
  }
  let k4 = i % params.K4;
  let c = i / params.K4;
  ${unroll(9, (tap) => `let g${Math.floor(tap / 3)}_${tap % 3} = ${v.flip ? flippedTap(tap) : `weight[(${tap}u * params.C + c) * params.K4 + k4]`};`)}
  ${unroll(3, (column) => transformColumn(G, 'g', 'h', column))}
  ${unroll(side * side, (e) => `u[(${e}u * params.C + c) * params.K4 + k4] = ${transformRows(G, 'h', side)[e]};`)}
}
`;
}

/** Four output channels of a tap, which are four input channels of the filter as stored. */
function flippedTap(tap: number): string {
  const lane = (j: number) => `weight[(${8 - tap}u * 4u * params.K4 + 4u * k4 + ${j}u) * params.C + c]`;
  return `vec4f(${lane(0)}, ${lane(1)}, ${lane(2)}, ${lane(3)})`;
}
