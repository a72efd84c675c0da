import { wgsl } from './wgsl.js';

/** Gradient of all squared distances of a batch: dx[i,d] = 2 * sum_j (dy[i,j] + dy[j,i]) * (x[i,d] - x[j,d]). */
export function pairwiseDistancesBackward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // [N][D4]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;       // [N][N4]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>; // [N][D4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let at = global_id.x + global_id.y * params.stride;
  if (at >= params.count) {
    return;
  }
  let D4 = params.count / params.N;
  let N4 = (params.N + 3u) / 4u;
  let i = at / D4;
  let d = at % D4;
  let own = x[at];
  var sum = vec4f();
  for (var j = 0u; j < params.N; j++) {
    let slope = dy[i * N4 + j / 4u][j % 4u] + dy[j * N4 + i / 4u][i % 4u];
    sum += slope * (own - x[j * D4 + d]);
  }
  dx[at] = 2.0 * sum;
}
`;
}
