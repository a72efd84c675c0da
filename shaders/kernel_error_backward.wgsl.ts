import { wgsl } from './wgsl.js';

/**
 * Gradient of 1 - the cosine, from X (X^T X) and T (T^T X):
 *   dx = 2 * dy[0] / size * (cross / (size*sqrt(own)) * sqrt(energy) * inner - outer),  size = sqrt(own)*sqrt(energy) + epsilon
 */
export function kernelErrorBackward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> cross: array<vec4f>;    // [1]
@group(0) @binding(2) var<storage, read> own: array<vec4f>;      // [1]
@group(0) @binding(3) var<storage, read> energy: array<vec4f>;   // [1]
@group(0) @binding(4) var<storage, read> inner: array<vec4f>;    // [M][C4]
@group(0) @binding(5) var<storage, read> outer: array<vec4f>;    // [M][C4]
@group(0) @binding(6) var<storage, read> dy: array<vec4f>;       // [1]
@group(0) @binding(7) var<storage, read_write> dx: array<vec4f>; // [M][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  let root = sqrt(own[0].x);
  let other = sqrt(energy[0].x);
  let size = root * other + params.epsilon;
  // Features that are all zero have no direction to go.
  let share = select(0.0, cross[0].x / size * (other / root), root > 0.0);
  dx[i] = 2.0 * dy[0].x / size * (share * inner[i] - outer[i]);
}
`;
}
