import { HALO } from '../src/base/layout.js';
import { type Finish, finished, finishOperands } from './finish.js';
import { type Load, operand } from './operand.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type ConvVariant = Finish & {
  /** Window: rows and columns. */
  r: number;
  s: number;
  /** Output pixels and output channel blocks (vec4) per thread. */
  tileQ: number;
  tileK: number;
  /** Step between windows along x; a literal because it decides how many input pixels a thread needs. */
  stride: number;
  /** Lanes of the subgroup that loads the weights together, or 0 where each thread loads them itself. */
  lanes: number;
  workgroup: number;
  /** The border of one zero pixel covers every window, so that no load needs a bounds check. */
  inside: boolean;
  /** What x is read from. */
  load: Load;
  bias: boolean;
  relu: boolean;
};

/**
 * 2-D convolution (cross-correlation) with bias and ReLU:
 *   y[n,k,p,q] = act(bias[k] + sum_{c,r,s} weight[k,c,r,s] * x[n,c, p*stride+r-pad, q*stride+s-pad])
 * One thread computes tileQ neighbouring pixels of 4*tileK channels. As a data gradient it is finished as `Finish` says.
 */
export function conv2dForward(v: ConvVariant): string {
  const columns = (v.tileQ - 1) * v.stride + v.s;
  const perTap = 4 * v.tileK;
  return wgsl`
#if ${v.lanes > 0}
enable subgroups;
#endif
${operand('x', 1, v.load, '[N][C4][H+2][W+2]')}
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;  // [R*S][4*C4][K4]
#if ${v.bias}
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;    // [K4]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // [N][K4][P+2][Q+2]
#else
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N][K4][P+2][Q+2]
#endif
${finishOperands(v, v.bias ? 5 : 4)}

const TILE_Q = ${v.tileQ}u;
const TILE_K = ${v.tileK}u;

@compute @workgroup_size(${v.workgroup})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let tilesQ = (params.Q + TILE_Q - 1u) / TILE_Q;
  let tile = (workgroup_id.z % params.folds * params.gridX + workgroup_id.x) * ${v.workgroup}u + local_id.x;
  // Threads past the end compute the last row again: subgroup operations need all lanes.
  let p = min(tile / tilesQ, params.P - 1u);
  let q0 = (tile % tilesQ) * TILE_Q;
  let k0 = workgroup_id.y * TILE_K;
  let n = workgroup_id.z / params.folds;
  let pitch = params.W + ${2 * HALO}u;
  let plane = (params.H + ${2 * HALO}u) * pitch;

  ${unroll(v.tileQ * v.tileK, (i) => `var acc${i} = vec4f();`)}
  for (var c4 = 0u; c4 < params.C4; c4++) {
    for (var r = 0u; r < ${v.r}u; r++) {
#if ${v.inside}
      let at = (n * params.C4 + c4) * plane + (p * ${v.stride}u + r + ${HALO}u - params.pad) * pitch + q0 * ${v.stride}u + ${HALO}u - params.pad;
      ${unroll(columns, (i) => `let v${i} = load_x(at + ${i}u);`)}
#else
      let iy = i32(p * ${v.stride}u + r) - i32(params.pad);
      let ix = i32(q0 * ${v.stride}u) - i32(params.pad);
      let row = (n * params.C4 + c4) * plane + u32(clamp(iy, -1, i32(params.H)) + 1) * pitch;
      ${unroll(columns, (i) => `let v${i} = load_x(row + u32(clamp(ix + ${i}, -1, i32(params.W)) + 1));`)}
#endif
      let tap = r * ${v.s}u;
      ${unroll(v.s, (s) => tapProducts(v, s, perTap))}
    }
  }

  #if ${v.bias}
  ${unroll(v.tileK, (m) => `let b${m} = bias[min(k0 + ${m}u, params.K4 - 1u)];`)}
  #endif
  var result = array<vec4f, ${v.tileQ * v.tileK}>(${unroll(v.tileQ * v.tileK, (i) => `acc${i}${v.bias ? ` + b${i % v.tileK}` : ''}`, ', ')});
  let pitchY = params.Q + ${2 * HALO}u;
  let planeY = (params.P + ${2 * HALO}u) * pitchY;
  for (var i = 0u; i < TILE_Q * TILE_K; i++) {
    let k = k0 + i % TILE_K;
    let q = q0 + i / TILE_K;
    if (tile < tilesQ * params.P && q < params.Q && k < params.K4) {
      let place = (n * params.K4 + k) * planeY + (p + ${HALO}u) * pitchY + q + ${HALO}u;
      #if ${v.relu}
      y[place] = ${finished(v, 'max(result[i], vec4f())', 'place')};
      #else
      y[place] = ${finished(v, 'result[i]', 'place')};
      #endif
    }
  }
}
`;
}

/** Products of one tap (r, s): 4*tileK weight vectors against tileQ input pixels. */
function tapProducts(v: ConvVariant, s: number, perTap: number): string {
  // Element e of a tap is input channel floor(e / tileK), output block e % tileK.
  const offset = (element: string) =>
    `((tap + ${s}u) * params.C4 * 4u + c4 * 4u + (${element}) / TILE_K) * params.K4 + min(k0 + (${element}) % TILE_K, params.K4 - 1u)`;
  const loads =
    v.lanes > 0
      ? unroll(
          Math.ceil(perTap / v.lanes),
          (g) => `let w${s}_${g} = weight[${offset(`local_id.x % ${v.lanes}u + ${g * v.lanes}u`)}];`,
        )
      : unroll(perTap, (e) => `let w${s}_${e} = weight[${offset(`${e}u`)}];`);
  const element = (e: number) =>
    v.lanes > 0 ? `subgroupShuffle(w${s}_${Math.floor(e / v.lanes)}, ${e % v.lanes}u)` : `w${s}_${e}`;
  const products = unroll(v.tileK, (m) => {
    const weights = unroll(4, (c) => `let u${s}_${m}_${c} = ${element(c * v.tileK + m)};`);
    const sums = unroll(v.tileQ, (q) => {
      const pixel = `v${q * v.stride + s}`;
      const acc = `acc${q * v.tileK + m}`;
      return `${acc} = ${acc} + ${pixel}.x * u${s}_${m}_0 + ${pixel}.y * u${s}_${m}_1 + ${pixel}.z * u${s}_${m}_2 + ${pixel}.w * u${s}_${m}_3;`;
    });
    return `${weights}\n${sums}`;
  });
  return `${loads}\n${products}`;
}
