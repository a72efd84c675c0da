import { HALO } from '../src/base/layout.js';
import { WINOGRAD, type WinogradTile } from '../src/base/winograd.js';
import { transformColumn, transformRows } from './combine.js';
import { type Finish, finished, finishOperands } from './finish.js';
import { type Load, operand } from './operand.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type WinogradOutputVariant = Finish & {
  /** Outputs per tile and side. */
  m: WinogradTile;
  load: Load;
  bias: boolean;
  relu: boolean;
};

/**
 * Back from Winograd's domain, with bias and ReLU: the m x m block y = act(bias + AT product A) of every tile. As a data
 * gradient it is finished as `Finish` says.
 * One thread writes one tile of four channels.
 */
export function winogradOutput(v: WinogradOutputVariant): string {
  const { AT } = WINOGRAD[v.m];
  const side = v.m + 2;
  return wgsl`
${operand('product', 1, v.load, '[(m+2)^2][K4][T]')}
#if ${v.bias}
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;    // [K4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N][K4][P+2][Q+2]
#else
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [N][K4][P+2][Q+2]
#endif
${finishOperands(v, v.bias ? 4 : 3)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let t = global_id.x;
  let k4 = global_id.y;
  let tile = params.first + t;
  if (t >= params.T || tile >= params.tiles) {
    return;
  }
  let n = tile / (params.tilesX * params.tilesY);
  let p0 = (tile / params.tilesX) % params.tilesY * ${v.m}u;
  let q0 = (tile % params.tilesX) * ${v.m}u;
  ${unroll(
    side,
    (
      j,
    ) => `${unroll(side, (i) => `let d${i}_${j} = load_product((${i * side + j}u * params.K4 + k4) * params.T + t);`)}
${transformColumn(AT, 'd', 's', j)}`,
  )}
  var result = array<vec4f, ${v.m * v.m}>(${transformRows(AT, 's', v.m).join(', ')});
  #if ${v.bias}
  let b = bias[k4];
  #else
  let b = vec4f();
  #endif
  let pitch = params.Q + ${2 * HALO}u;
  let plane = (n * params.K4 + k4) * (params.P + ${2 * HALO}u) * pitch;
  for (var i = 0u; i < ${v.m * v.m}u; i++) {
    let p = p0 + i / ${v.m}u;
    let q = q0 + i % ${v.m}u;
    // Tiles overhang where the output is no multiple of m.
    if (p < params.P && q < params.Q) {
      let at = plane + (p + ${HALO}u) * pitch + q + ${HALO}u;
      #if ${v.relu}
      y[at] = ${finished(v, 'max(result[i] + b, vec4f())', 'at')};
      #else
      y[at] = ${finished(v, 'result[i] + b', 'at')};
      #endif
    }
  }
}
`;
}
