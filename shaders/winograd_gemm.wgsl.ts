import { type Load, operand } from './operand.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type WinogradGemmVariant = {
  /** Tiles (a workgroup's width apart) and output channel blocks (vec4) per thread. */
  tileT: number;
  tileK: number;
  /** Lanes of the subgroup that loads the filters together, or 0 where each thread loads them itself. */
  lanes: number;
  workgroup: number;
  /** What v and u are read from. */
  load: Load;
  loadU: Load;
};

/**
 * The products in Winograd's domain: product[e,k,t] = sum_c u[e,c,k] * v[e,c,t], one matrix product for each of
 * the frequencies e. One thread computes tileT tiles of 4*tileK channels.
 */
export function winogradGemm(v: WinogradGemmVariant): string {
  const perStep = 4 * v.tileK;
  return wgsl`
#if ${v.lanes > 0}
enable subgroups;
#endif
${operand('v', 1, v.load, '[E][C4][T]')}
${operand('u', 2, v.loadU, '[E][B][4*C4][tileK]')}
@group(0) @binding(3) var<storage, read_write> product: array<vec4f>; // [E][K4][T]

const TILE_T = ${v.tileT}u;
const TILE_K = ${v.tileK}u;

@compute @workgroup_size(${v.workgroup})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u, @builtin(num_workgroups) num_workgroups: vec3u) {
  let e = workgroup_id.z;
  let k0 = workgroup_id.y * TILE_K;
  let t0 = workgroup_id.x * ${v.workgroup * v.tileT}u + local_id.x;
  // Threads past the end compute the last tile again: subgroup operations need all lanes.
  ${unroll(v.tileT, (j) => `let at${j} = min(t0 + ${j * v.workgroup}u, params.T - 1u);`)}

  ${unroll(v.tileT * v.tileK, (i) => `var acc${i} = vec4f();`)}
  for (var c4 = 0u; c4 < params.C4; c4++) {
    let column = (e * params.C4 + c4) * params.T;
    ${unroll(v.tileT, (j) => `let v${j} = load_v(column + at${j});`)}
    let row = ((e * num_workgroups.y + workgroup_id.y) * params.C4 + c4) * ${perStep}u;
    ${filterLoads(v, perStep)}
    ${unroll(v.tileK, (m) => products(v, m))}
  }

  var result = array<vec4f, ${v.tileT * v.tileK}>(${unroll(v.tileT * v.tileK, (i) => `acc${i}`, ', ')});
  for (var i = 0u; i < TILE_T * TILE_K; i++) {
    let k = k0 + i % TILE_K;
    let t = t0 + i / TILE_K * ${v.workgroup}u;
    if (t < params.T && k < params.K4) {
      product[(e * params.K4 + k) * params.T + t] = result[i];
    }
  }
}
`;
}

/** Loads u of four input channels: element i is input channel i / tileK, output block i % tileK. */
function filterLoads(v: WinogradGemmVariant, perStep: number): string {
  if (v.lanes === 0) return unroll(perStep, (i) => `let w${i} = load_u(row + ${i}u);`);
  // Lanes beyond a step's last element load it again.
  return unroll(
    Math.ceil(perStep / v.lanes),
    (g) => `let w${g} = load_u(row + min(local_id.x % ${v.lanes}u + ${g * v.lanes}u, ${perStep - 1}u));`,
  );
}

/**
 * Products of one output block: four filter vectors against tileT tiles. A shuffle from a constant lane is one
 * instruction on llvmpipe, a broadcast two to four.
 */
function products(v: WinogradGemmVariant, m: number): string {
  const element = (i: number) =>
    v.lanes > 0 ? `subgroupShuffle(w${Math.floor(i / v.lanes)}, ${i % v.lanes}u)` : `w${i}`;
  const filters = unroll(4, (c) => `let u${m}_${c} = ${element(c * v.tileK + m)};`);
  const sums = unroll(v.tileT, (j) => {
    const acc = `acc${j * v.tileK + m}`;
    return `${acc} = ${acc} + v${j}.x * u${m}_0 + v${j}.y * u${m}_1 + v${j}.z * u${m}_2 + v${j}.w * u${m}_3;`;
  });
  return `${filters}\n${sums}`;
}
