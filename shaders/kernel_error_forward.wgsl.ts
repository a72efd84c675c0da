import { wgsl } from './wgsl.js';

/** The cosine of two matrices of inner products: y = 1 - cross / (sqrt(own) * sqrt(energy) + epsilon). */
export function kernelErrorForward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> cross: array<vec4f>;   // [1]
@group(0) @binding(2) var<storage, read> own: array<vec4f>;     // [1]
@group(0) @binding(3) var<storage, read> energy: array<vec4f>;  // [1]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // [1]

@compute @workgroup_size(1)
fn main() {
  let size = sqrt(own[0].x) * sqrt(energy[0].x) + params.epsilon;
  y[0] = vec4f(1.0 - cross[0].x / size, 0.0, 0.0, 0.0);
}
`;
}
