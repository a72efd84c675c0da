import { HALO } from '../src/base/layout.js';
import { type Finish, finished, finishOperands } from './finish.js';
import { type Load, operand } from './operand.js';
import { outputPlace, windowLoads } from './tap.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type ConvGemmVariant = Finish & {
  /** Output pixels (a subgroup's width apart) and output channel blocks (vec4) per thread. */
  tileT: number;
  tileK: number;
  /** Lanes of the subgroup, which loads the filter together; also the workgroup. */
  lanes: number;
  /** Channels in use of a block of four inputs: 3 where x has three channels and no more. */
  inputs: 3 | 4;
  /** The border of one zero pixel covers every window, so that no load needs a bounds check. */
  inside: boolean;
  /** What x and the filter are read from. */
  load: Load;
  loadW: Load;
  bias: boolean;
  relu: boolean;
};

/**
 * 2-D convolution (cross-correlation) with bias and ReLU as an implicit matrix product, pixels by channels:
 *   y[n,k,p,q] = act(bias[k] + sum_{r,s,c} weight[k,c,r,s] * x[n,c, p*stride+r-pad, q*stride+s-pad])
 * Pixels of all pictures are counted through, so that small maps leave no thread without one. One thread computes tileT
 * of them in 4*tileK channels. As a data gradient it is finished as `Finish` says.
 */
export function conv2dGemm(v: ConvGemmVariant): string {
  const perStep = v.inputs * v.tileK;
  const yAt = v.bias ? 4 : 3;
  return wgsl`
enable subgroups;
${operand('x', 1, v.load, '[N][C4][H+2][W+2]')}
${operand('weight', 2, v.loadW, '[B][R*S][4*C4][tileK]')}
#if ${v.bias}
@group(0) @binding(3) var<storage, read> bias: array<vec4f>; // [K4]
#endif
@group(0) @binding(${yAt}) var<storage, read_write> y: array<vec4f>; // [N][K4][P+2][Q+2]
${finishOperands(v, yAt + 1)}

const TILE_K = ${v.tileK}u;

${windowLoads(HALO, v.inside)}

${outputPlace(HALO)}

@compute @workgroup_size(${v.lanes})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let pixels = params.N * params.P * params.Q;
  let t0 = (workgroup_id.z * params.gridX + workgroup_id.x) * ${v.lanes * v.tileT}u + local_id.x;
  let k0 = workgroup_id.y * TILE_K;
  let plane = (params.H + ${2 * HALO}u) * (params.W + ${2 * HALO}u);
  // Threads past the end compute the last pixel again: subgroup operations need all lanes.
  ${unroll(v.tileT, (j) => `let origin${j} = origin_of(min(t0 + ${j * v.lanes}u, pixels - 1u));`)}

  var row = workgroup_id.y * params.R * params.S * params.C4 * ${4 * v.tileK}u;
  ${unroll(v.tileT * v.tileK, (i) => `var acc${i} = vec4f();`)}
  for (var r = 0u; r < params.R; r++) {
    ${unroll(v.tileT, (j) => `let row${j} = row_at(origin${j}, Tap(0u, r, 0u));`)}
    for (var s = 0u; s < params.S; s++) {
      ${unroll(v.tileT, (j) => `let start${j} = row${j} + column_at(origin${j}, Tap(0u, 0u, s));`)}
      for (var c4 = 0u; c4 < params.C4; c4++) {
        ${unroll(v.tileT, (j) => `let x${j} = load_x(start${j} + c4 * plane);`)}
        ${unroll(
          Math.ceil(perStep / v.lanes),
          // Lanes beyond a step's last element load it again.
          (g) => `let w${g} = load_weight(row + min(local_id.x + ${g * v.lanes}u, ${perStep - 1}u));`,
        )}
        ${unroll(v.tileK, (m) => products(v, m))}
        row += ${4 * v.tileK}u;
      }
    }
  }

  var result = array<vec4f, ${v.tileT * v.tileK}>(${unroll(v.tileT * v.tileK, (i) => `acc${i}`, ', ')});
  for (var i = 0u; i < ${v.tileT * v.tileK}u; i++) {
    let k = k0 + i % TILE_K;
    let t = t0 + i / TILE_K * ${v.lanes}u;
    if (t < pixels && k < params.K4) {
      let place = output_at(t, k);
      #if ${v.bias}
      let sum = result[i] + bias[k];
      #else
      let sum = result[i];
      #endif
      y[place] = ${finished(v, v.relu ? 'max(sum, vec4f())' : 'sum', 'place')};
    }
  }
}
`;
}

/** Products of one output block: a filter vector for each input channel against tileT pixels. */
function products(v: ConvGemmVariant, m: number): string {
  const filters = unroll(v.inputs, (c) => {
    const i = c * v.tileK + m;
    return `let u${m}_${c} = subgroupShuffle(w${Math.floor(i / v.lanes)}, ${i % v.lanes}u);`;
  });
  const sums = unroll(v.tileT, (j) => {
    const acc = `acc${j * v.tileK + m}`;
    const terms = unroll(v.inputs, (c) => `x${j}.${'xyzw'[c]} * u${m}_${c}`, ' + ');
    return `${acc} = ${acc} + ${terms};`;
  });
  return `${filters}\n${sums}`;
}
