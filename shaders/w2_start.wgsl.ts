import { w2Size } from './w2_size.js';
import { wgsl } from './wgsl.js';

/**
 * Start of the coupled Newton-Schulz iteration for the roots of M + epsilon I, scaled to eigenvalues in (0,1]:
 *   y = (m + epsilon I) / size,   z = I
 * (size: Frobenius norm plus epsilon, see w2_size.ts).
 */
export function w2Start(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> m: array<vec4f>;       // [C][C4]
@group(0) @binding(2) var<storage, read> squares: array<vec4f>; // [1]: sum of the squares of m
@group(0) @binding(3) var<storage, read> energy: array<vec4f>;  // [1]: trace of the target's covariance
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // [C][C4]
@group(0) @binding(5) var<storage, read_write> z: array<vec4f>; // [C][C4]

${w2Size()}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let at = global_id.x + global_id.y * params.stride;
  let C4 = (params.C + 3u) / 4u;
  if (at >= params.C * C4) {
    return;
  }
  let i = at / C4;
  let epsilon = w2_epsilon(squares[0].x, energy[0].x);
  let size = w2_size(squares[0].x, energy[0].x);
  var unit = vec4f();
  if (at % C4 == i / 4u) {
    unit[i % 4u] = 1.0;
  }
  y[at] = (m[at] + epsilon * unit) / size;
  z[at] = unit;
}
`;
}
