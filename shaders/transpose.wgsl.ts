import { wgsl } from './wgsl.js';

/** Transposes of a batch of matrices: y[n,j,i] = x[n,i,j]. */
export function transpose(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [items][R][S4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [items][S][R4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let at = global_id.x + global_id.y * params.stride;
  let R4 = (params.R + 3u) / 4u;
  let S4 = (params.S + 3u) / 4u;
  if (at >= params.items * params.S * R4) {
    return;
  }
  let item = at / (params.S * R4);
  let j = at / R4 % params.S;
  let i = at % R4 * 4u;
  var column = vec4f();
  for (var e = 0u; e < 4u; e++) {
    if (i + e < params.R) {
      column[e] = x[(item * params.R + i + e) * S4 + j / 4u][j % 4u];
    }
  }
  y[at] = column;
}
`;
}
