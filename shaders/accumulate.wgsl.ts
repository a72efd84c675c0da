import { wgsl } from './wgsl.js';

/** Adds up gradients in place: y <- x where it is the first, else y + x, over whole buffers. */
export function accumulate(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // any layout
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // as x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  // Not 0 * y + x: what a step that failed left behind may be NaN.
  var sum = x[i];
  if (params.first == 0u) {
    sum += y[i];
  }
  y[i] = sum;
}
`;
}
