import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

/**
 * Pixels of a grid in each picture as rows:
 *   y[(n*P + p)*Q + q, c] = x[n, c, top[n] + p*step, left[n] + q*step]
 */
export function pixelRowsForward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> at: array<vec4f>;      // [N]: top, left
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N*P*Q][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  let c = i % params.C4;
  let row = i / params.C4;
  let q = row % params.Q;
  let p = row / params.Q % params.P;
  let n = row / (params.Q * params.P);
  let place = vec2u(at[n].xy);
  let h = place.x + p * params.step;
  let w = place.y + q * params.step;
  y[i] = x[((n * params.C4 + c) * (params.H + ${2 * HALO}u) + h + ${HALO}u) * (params.W + ${2 * HALO}u) + w + ${HALO}u];
}
`;
}
