import { wgsl } from './wgsl.js';

/** Squared norms of rows: rows[i] = (sum_j x[i,j]^2, 0, 0, 0). */
export function rowSquares(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;          // [R][S4]
@group(0) @binding(2) var<storage, read_write> rows: array<vec4f>; // [R]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  var sum = vec4f();
  for (var j = i * params.S4; j < (i + 1u) * params.S4; j++) {
    sum += x[j] * x[j];
  }
  rows[i] = vec4f((sum.x + sum.y) + (sum.z + sum.w), 0.0, 0.0, 0.0);
}
`;
}
