import { wgsl } from './wgsl.js';

/** Sums of a row of products: rows[i] = (sum_j xx^2 - 2 xt^2 + tt^2, sum_j tt^2, 0, 0). */
export function gramErrorRows(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> products: array<vec4f>;   // [M][n]
@group(0) @binding(2) var<storage, read_write> rows: array<vec4f>; // [M]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  var error = 0.0;
  var energy = 0.0;
  for (var j = 0u; j < params.n; j++) {
    let squares = products[i * params.n + j] * products[i * params.n + j];
    error += (squares.x - squares.y) + (squares.z - squares.y);
    energy += squares.z;
  }
  rows[i] = vec4f(error, energy, 0.0, 0.0);
}
`;
}
