import { wgsl } from './wgsl.js';

/**
 * Gradient of the triplet loss with respect to the distances, gathered, so that no two threads write one element:
 *   dd[a,j] = dy / max(1, counts[divisor]) * ([(a,j) is the pair of an active triplet]
 *                                             - number of active triplets (a,p) with negatives[a,p] = j)
 * where a triplet is active if d[a,p] - d[a,n] + margin > 0. One thread owns four neighbours j.
 */
export function tripletLossBackward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> distances: array<vec4f>;  // [N][N4]
@group(0) @binding(2) var<storage, read> negatives: array<vec4f>;  // [N][N4]
@group(0) @binding(3) var<storage, read> counts: array<vec4f>;     // [8]
@group(0) @binding(4) var<storage, read> dy: array<vec4f>;         // [1]
@group(0) @binding(5) var<storage, read_write> dx: array<vec4f>;   // [N][N4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let N4 = (params.N + 3u) / 4u;
  let at = global_id.x + global_id.y * params.stride;
  if (at >= params.N * N4) {
    return;
  }
  let row = at - at % N4;
  let first = i32(4u * (at % N4));
  let own = distances[at];
  var number = vec4f();
  for (var p4 = 0u; p4 < N4; p4++) {
    // Where among these four neighbours each of four negatives lies, if it does.
    let places = vec4i(negatives[row + p4]) - first;
    if (!any((places >= vec4i(0)) & (places < vec4i(4)))) {
      continue;
    }
    let positives = distances[row + p4];
    for (var i = 0u; i < 4u; i++) {
      let lane = places[i];
      if (lane >= 0 && lane < 4 && 4u * p4 + i < params.N) {
        number[lane] -= select(0.0, 1.0, positives[i] - own[lane] + params.margin > 0.0);
      }
    }
  }
  for (var lane = 0u; lane < 4u; lane++) {
    let n = i32(negatives[at][lane]);
    if (n >= 0 && u32(first) + lane < params.N) {
      let negative = distances[row + u32(n) / 4u][u32(n) % 4u];
      number[lane] += select(0.0, 1.0, own[lane] - negative + params.margin > 0.0);
    }
  }
  dx[at] = number * (dy[0].x / max(1.0, counts[0][params.divisor]));
}
`;
}
