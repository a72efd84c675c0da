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
  // Loops around loads and stores: written out, they take seconds to compile.
  var taps = array<vec4f, 9>();
  for (var tap = 0u; tap < 9u; tap++) {
    #if ${v.flip}
    for (var lane = 0u; lane < 4u; lane++) {
      // Four output channels here are four input channels of the filter as stored.
      taps[tap][lane] = weight[((8u - tap) * 4u * params.K4 + 4u * k4 + lane) * params.C + c];
    }
    #else
    taps[tap] = weight[(tap * params.C + c) * params.K4 + k4];
    #endif
  }
  ${unroll(9, (tap) => `let g${Math.floor(tap / 3)}_${tap % 3} = taps[${tap}];`)}
  ${unroll(3, (column) => transformColumn(G, 'g', 'h', column))}
  var result = array<vec4f, ${side * side}>(${transformRows(G, 'h', side).join(', ')});
  for (var e = 0u; e < ${side * side}u; e++) {
    u[e * groups * params.C * params.block + i] = select(result[e], vec4f(), beyond);
  }
}
`;
}
