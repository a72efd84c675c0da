import { wgsl } from './wgsl.js';

/** Writes one scalar: y = (value, 0, 0, 0). */
export function fill(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>; // [1]

@compute @workgroup_size(1)
fn main() {
  y[0] = vec4f(params.value, 0.0, 0.0, 0.0);
}
`;
}
