import { wgsl } from './wgsl.js';

/**
 * Errors of the blocks over their energies, from squared norms of rows of X X^T and of T X^T:
 *   ratios[b] = (sum own - 2 sum cross + energy[b]) / (energy[b] + epsilon)
 */
export function gramErrorBlocks(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> own: array<vec4f>;          // [B*n]
@group(0) @binding(2) var<storage, read> cross: array<vec4f>;        // [B*n]
@group(0) @binding(3) var<storage, read> energy: array<vec4f>;       // [B4]
@group(0) @binding(4) var<storage, read_write> ratios: array<vec4f>; // [B]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let b = global_id.x + global_id.y * params.stride;
  if (b >= params.count) {
    return;
  }
  var sum = 0.0;
  for (var i = b * params.n; i < (b + 1u) * params.n; i++) {
    sum += (own[i].x - cross[i].x) - cross[i].x;
  }
  let goal = energy[b / 4u][b % 4u];
  ratios[b] = vec4f((sum + goal) / (goal + params.epsilon), 0.0, 0.0, 0.0);
}
`;
}
