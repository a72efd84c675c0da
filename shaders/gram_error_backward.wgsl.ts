import { wgsl } from './wgsl.js';

/** dx_i = scale * dy[0] / energies[b] * sum_j (products[i,j].xx * x_bj - products[i,j].xt * t_bj). */
export function gramErrorBackward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // [M][C4]
@group(0) @binding(2) var<storage, read> goal: array<vec4f>;     // [M][C4]
@group(0) @binding(3) var<storage, read> products: array<vec4f>; // [M][n]
@group(0) @binding(4) var<storage, read> energies: array<vec4f>; // [B]
@group(0) @binding(5) var<storage, read> dy: array<vec4f>;       // [1]
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f>; // [M][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let at = global_id.x + global_id.y * params.stride;
  if (at >= params.count) {
    return;
  }
  let i = at / params.C4;
  let c = at % params.C4;
  let block = i / params.n;
  var sum = vec4f();
  for (var j = 0u; j < params.n; j++) {
    let product = products[i * params.n + j];
    let other = (block * params.n + j) * params.C4 + c;
    sum += product.x * x[other] - product.y * goal[other];
  }
  dx[at] = params.scale * dy[0].x / energies[block].x * sum;
}
`;
}
