import { HALO } from '../src/base/layout.js';
import { type Finish, finished, finishOperands } from './finish.js';
import { type Load, operand } from './operand.js';
import { outputPlace, windowLoads } from './tap.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type ConvGemmNarrowVariant = Finish & {
  /** Output pixels per thread, all neighbours. */
  tileT: number;
  /** Lanes of the subgroup; also the workgroup. */
  lanes: number;
  /** The border of one zero pixel covers every window, so that no load needs a bounds check. */
  inside: boolean;
  /** What x and the filter are read from. */
  load: Load;
  loadW: Load;
  bias: boolean;
  relu: boolean;
};

/**
 * The convolution of conv2d_gemm where pixels are few:
 *   y[n,k,p,q] = act(bias[k] + sum_{r,s,c} weight[k,c,r,s] * x[n,c, p*stride+r-pad, q*stride+s-pad])
 * Lanes lie on output channels and share the pixels, so that every filter is loaded once for tileT pixels. One thread
 * computes tileT pixels of 4 channels.
 */
export function conv2dGemmNarrow(v: ConvGemmNarrowVariant): string {
  const shared = Math.ceil(v.tileT / v.lanes);
  const yAt = v.bias ? 4 : 3;
  return wgsl`
enable subgroups;
${operand('x', 1, v.load, '[N][C4][H+2][W+2]')}
${operand('weight', 2, v.loadW, '[B][R*S][4*C4][lanes]')}
#if ${v.bias}
@group(0) @binding(3) var<storage, read> bias: array<vec4f>; // [K4]
#endif
@group(0) @binding(${yAt}) var<storage, read_write> y: array<vec4f>; // [N][K4][P+2][Q+2]
${finishOperands(v, yAt + 1)}

${windowLoads(HALO, v.inside)}

${outputPlace(HALO)}

@compute @workgroup_size(${v.lanes})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let pixels = params.N * params.P * params.Q;
  let t0 = (workgroup_id.z * params.gridX + workgroup_id.x) * ${v.tileT}u;
  let k = workgroup_id.y * ${v.lanes}u + local_id.x;
  let plane = (params.H + ${2 * HALO}u) * (params.W + ${2 * HALO}u);
  ${unroll(shared, (g) => `let origin${g} = origin_of(min(t0 + min(local_id.x + ${g * v.lanes}u, ${v.tileT - 1}u), pixels - 1u));`)}

  var row = workgroup_id.y * params.R * params.S * params.C4 * ${4 * v.lanes}u + local_id.x;
  ${unroll(v.tileT, (j) => `var acc${j} = vec4f();`)}
  for (var r = 0u; r < params.R; r++) {
    ${unroll(shared, (g) => `let row${g} = row_at(origin${g}, Tap(0u, r, 0u));`)}
    for (var s = 0u; s < params.S; s++) {
      ${unroll(shared, (g) => `let start${g} = row${g} + column_at(origin${g}, Tap(0u, 0u, s));`)}
      for (var c4 = 0u; c4 < params.C4; c4++) {
        ${unroll(shared, (g) => `let x${g} = load_x(start${g} + c4 * plane);`)}
        ${unroll(4, (c) => `let u${c} = load_weight(row + ${c * v.lanes}u);`)}
        ${unroll(v.tileT, (j) => products(v, j))}
        row += ${4 * v.lanes}u;
      }
    }
  }

  if (k >= params.K4) {
    return;
  }
  #if ${v.bias}
  let b = bias[k];
  #else
  let b = vec4f();
  #endif
  var result = array<vec4f, ${v.tileT}>(${unroll(v.tileT, (j) => `acc${j} + b`, ', ')});
  for (var j = 0u; j < min(${v.tileT}u, pixels - t0); j++) {
    let place = output_at(t0 + j, k);
    y[place] = ${finished(v, v.relu ? 'max(result[j], vec4f())' : 'result[j]', 'place')};
  }
}
`;
}

/** Products of one pixel: its four channels, from the lane that loaded them, against the thread's filters. */
function products(v: ConvGemmNarrowVariant, j: number): string {
  return `let b${j} = subgroupShuffle(x${Math.floor(j / v.lanes)}, ${j % v.lanes}u);
        acc${j} = acc${j} + b${j}.x * u0 + b${j}.y * u1 + b${j}.z * u2 + b${j}.w * u3;`;
}
