import { wgsl } from './wgsl.js';

/**
 * Exchanges inputs and outputs within every group of a filter, for the data gradient: with c = J*g + i,
 *   regrouped[c,o,r,s] = weight[O*g + o, i, r, s]
 * for O outputs and J inputs in a group. Padding lanes become zero.
 */
export function filterRegroup(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;          // [R*S][4*ceil(J/4)][K4]
@group(0) @binding(2) var<storage, read_write> regrouped: array<vec4f>; // [R*S][4*ceil(O/4)][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  let rows = (params.outputs + 3u) / 4u * 4u;
  if (i >= params.taps * rows * params.C4) {
    return;
  }
  let tap = i / (rows * params.C4);
  let o = i / params.C4 % rows;
  var value = vec4f();
  for (var lane = 0u; lane < 4u; lane++) {
    let c = i % params.C4 * 4u + lane;
    if (c < params.C && o < params.outputs) {
      let k = c / params.inputs * params.outputs + o;
      let row = tap * ((params.inputs + 3u) / 4u * 4u) + c % params.inputs;
      value[lane] = weight[row * params.K4 + k / 4u][k % 4u];
    }
  }
  regrouped[i] = value;
}
`;
}
