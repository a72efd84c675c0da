import { wgsl } from './wgsl.js';

/**
 * An anchor's part of the triplet loss (Schroff et al., arXiv 1503.03832, eq. 3, on squared distances):
 *   rows[a] = sum_p max(0, d[a,p] - d[a,n] + margin) / max(1, counts[divisor]),  n = negatives[a,p] >= 0
 */
export function tripletLossForward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> distances: array<vec4f>;  // [N][N4]
@group(0) @binding(2) var<storage, read> negatives: array<vec4f>;  // [N][N4]
@group(0) @binding(3) var<storage, read> counts: array<vec4f>;     // [8]
@group(0) @binding(4) var<storage, read_write> rows: array<vec4f>; // [N][1]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let a = global_id.x + global_id.y * params.stride;
  if (a >= params.N) {
    return;
  }
  let N4 = (params.N + 3u) / 4u;
  var sum = 0.0;
  for (var p = 0u; p < params.N; p++) {
    let n = i32(negatives[a * N4 + p / 4u][p % 4u]);
    if (n >= 0) {
      let positive = distances[a * N4 + p / 4u][p % 4u];
      let negative = distances[a * N4 + u32(n) / 4u][u32(n) % 4u];
      sum += max(0.0, positive - negative + params.margin);
    }
  }
  rows[a] = vec4f(sum / max(1.0, counts[0][params.divisor]), 0.0, 0.0, 0.0);
}
`;
}
