import { wgsl } from './wgsl.js';

/** Gradient of the logistic function from its output: dx = dy * y * (1 - y), zero where the padding of y is. */
export function sigmoidBackward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> y: array<vec4f>;        // any layout
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;       // as y
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>; // as y

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i < params.count) {
    dx[i] = dy[i] * y[i] * (1.0 - y[i]);
  }
}
`;
}
