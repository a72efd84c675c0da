import { HALO } from '../src/base/layout.js';
import { WINOGRAD, type WinogradTile } from '../src/base/winograd.js';
import { transformColumn, transformRows } from './combine.js';
import { type Load, operand } from './operand.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type WinogradInputVariant = {
  /** Outputs per tile and side. */
  m: WinogradTile;
  load: Load;
};

/**
 * Input tiles in Winograd's domain: v[e] = (BT d B)[e] for the (m+2) x (m+2) pixels d around every m x m block
 * of outputs, e < (m+2)^2. One thread transforms one tile of four channels.
 */
export function winogradInput(v: WinogradInputVariant): string {
  const { BT } = WINOGRAD[v.m];
  const side = v.m + 2;
  return wgsl`
${operand('x', 1, v.load, '[N][C4][H+2][W+2]')}
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>; // [(m+2)^2][C4][T]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let t = global_id.x;
  let c4 = global_id.y;
  if (t >= params.T) {
    return;
  }
  // The last batch may be longer than what is left: it computes the last tile again.
  let tile = min(params.first + t, params.tiles - 1u);
  let n = tile / (params.tilesX * params.tilesY);
  let y0 = i32((tile / params.tilesX) % params.tilesY * ${v.m}u) - i32(params.pad);
  let x0 = i32((tile % params.tilesX) * ${v.m}u) - i32(params.pad);
  let pitch = params.W + ${2 * HALO}u;
  let plane = (n * params.C4 + c4) * (params.H + ${2 * HALO}u) * pitch;
  // Whatever lies outside the picture is the zero of its border.
  ${unroll(side, (i) => `let row${i} = plane + u32(clamp(y0 + ${i}, -1, i32(params.H)) + ${HALO}) * pitch;`)}
  ${unroll(side, (j) => `let column${j} = u32(clamp(x0 + ${j}, -1, i32(params.W)) + ${HALO});`)}
  ${unroll(
    side,
    (j) => `${unroll(side, (i) => `let d${i}_${j} = load_x(row${i} + column${j});`)}
${transformColumn(BT, 'd', 'p', j)}`,
  )}
  var result = array<vec4f, ${side * side}>(${transformRows(BT, 'p', side).join(', ')});
  for (var e = 0u; e < ${side * side}u; e++) {
    v[(e * params.C4 + c4) * params.T + t] = result[e];
  }
}
`;
}
