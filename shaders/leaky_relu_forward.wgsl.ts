import { wgsl } from './wgsl.js';

/** Leaky rectifier: y = x where x > 0, else slope*x, over whole buffers (the zero border stays zero). */
export function leakyReluForward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // any layout
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // as x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i < params.count) {
    let value = x[i];
    y[i] = select(params.slope * value, value, value > vec4f());
  }
}
`;
}
