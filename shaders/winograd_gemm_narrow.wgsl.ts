import { type Load, operand } from './operand.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type WinogradGemmNarrowVariant = {
  /** Tiles per thread, all neighbours. */
  tileT: number;
  /** Lanes of the subgroup; also the workgroup. */
  lanes: number;
  /** What v and u are read from. */
  load: Load;
  loadU: Load;
};

/**
 * The products in Winograd's domain where tiles are few: product[e,k,t] = sum_c u[e,c,k] * v[e,c,t]. Lanes lie on
 * output channels and share the tiles, so that every filter is loaded once for tileT tiles. One thread computes
 * tileT tiles of 4 channels.
 */
export function winogradGemmNarrow(v: WinogradGemmNarrowVariant): string {
  const shared = Math.ceil(v.tileT / v.lanes);
  return wgsl`
enable subgroups;
${operand('v', 1, v.load, '[E][C4][T]')}
${operand('u', 2, v.loadU, '[E][B][4*C4][lanes]')}
@group(0) @binding(3) var<storage, read_write> product: array<vec4f>; // [E][K4][T]

const TILE_T = ${v.tileT}u;

@compute @workgroup_size(${v.lanes})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u, @builtin(num_workgroups) num_workgroups: vec3u) {
  let e = workgroup_id.z;
  let t0 = workgroup_id.x * TILE_T;
  let k = workgroup_id.y * ${v.lanes}u + local_id.x;
  ${unroll(shared, (g) => `let at${g} = min(t0 + local_id.x + ${g * v.lanes}u, params.T - 1u);`)}

  ${unroll(v.tileT, (j) => `var acc${j} = vec4f();`)}
  for (var c4 = 0u; c4 < params.C4; c4++) {
    let column = (e * params.C4 + c4) * params.T;
    ${unroll(shared, (g) => `let v${g} = load_v(column + at${g});`)}
    let row = ((e * num_workgroups.y + workgroup_id.y) * params.C4 + c4) * ${4 * v.lanes}u + local_id.x;
    ${unroll(4, (c) => `let u${c} = load_u(row + ${c * v.lanes}u);`)}
    ${unroll(v.tileT, (j) => products(v, j))}
  }

  if (k >= params.K4) {
    return;
  }
  var result = array<vec4f, ${v.tileT}>(${unroll(v.tileT, (j) => `acc${j}`, ', ')});
  for (var j = 0u; j < min(TILE_T, params.T - t0); j++) {
    product[(e * params.K4 + k) * params.T + t0 + j] = result[j];
  }
}
`;
}

/** Products of one tile: its four channels, from the lane that loaded them, against the thread's filters. */
function products(v: WinogradGemmNarrowVariant, j: number): string {
  return `let b${j} = subgroupShuffle(v${Math.floor(j / v.lanes)}, ${j % v.lanes}u);
    acc${j} = acc${j} + b${j}.x * u0 + b${j}.y * u1 + b${j}.z * u2 + b${j}.w * u3;`;
}
