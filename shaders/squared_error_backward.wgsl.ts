import { wgsl } from './wgsl.js';

/** Gradient of a squared error: dx = 2*scale*dy[0] * (x - goal), over whole buffers. */
export function squaredErrorBackward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // any layout
@group(0) @binding(2) var<storage, read> goal: array<vec4f>;  // as x
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;       // [1]
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>; // as x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i < params.count) {
    dx[i] = 2.0 * params.scale * dy[0].x * (x[i] - goal[i]);
  }
}
`;
}
