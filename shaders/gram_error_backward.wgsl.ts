import { wgsl } from './wgsl.js';

/** dx_i = scale * dy[0] / (energy[b] + epsilon) * (inner_i - outer_i), b the block of row i. */
export function gramErrorBackward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> inner: array<vec4f>;    // [M][C4]
@group(0) @binding(2) var<storage, read> outer: array<vec4f>;    // [M][C4]
@group(0) @binding(3) var<storage, read> energy: array<vec4f>;   // [B4]
@group(0) @binding(4) var<storage, read> dy: array<vec4f>;       // [1]
@group(0) @binding(5) var<storage, read_write> dx: array<vec4f>; // [M][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let at = global_id.x + global_id.y * params.stride;
  if (at >= params.count) {
    return;
  }
  let b = at / (params.n * params.C4);
  let scale = params.scale * dy[0].x / (energy[b / 4u][b % 4u] + params.epsilon);
  dx[at] = scale * (inner[at] - outer[at]);
}
`;
}
