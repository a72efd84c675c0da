import { wgsl } from './wgsl.js';

/**
 * What an anchor's triplets (a, p, n = negatives[a,p] >= 0) are like, a row for each anchor:
 *   rows[a] = how many; with d[a,p] - d[a,n] + margin > 0; with d[a,n] <= d[a,p]; 1;
 *             sum d[a,p]; sum d[a,n]; sum over all j of d[a,j]; 0
 * A later sum over the rows counts those of the batch.
 */
export function tripletCounts(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> distances: array<vec4f>;  // [N][N4]
@group(0) @binding(2) var<storage, read> negatives: array<vec4f>;  // [N][N4]
@group(0) @binding(3) var<storage, read_write> rows: array<vec4f>; // [N][2]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let a = global_id.x + global_id.y * params.stride;
  if (a >= params.N) {
    return;
  }
  let N4 = (params.N + 3u) / 4u;
  var numbers = vec4f(0.0, 0.0, 0.0, 1.0);
  var sums = vec4f();
  for (var p = 0u; p < params.N; p++) {
    let positive = distances[a * N4 + p / 4u][p % 4u];
    sums.z += positive;
    let n = i32(negatives[a * N4 + p / 4u][p % 4u]);
    if (n >= 0) {
      let negative = distances[a * N4 + u32(n) / 4u][u32(n) % 4u];
      numbers.x += 1.0;
      numbers.y += select(0.0, 1.0, positive - negative + params.margin > 0.0);
      numbers.z += select(0.0, 1.0, negative <= positive);
      sums.x += positive;
      sums.y += negative;
    }
  }
  rows[2u * a] = numbers;
  rows[2u * a + 1u] = sums;
}
`;
}
