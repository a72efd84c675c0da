import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

/**
 * Gradient of taking the pixels of a grid as rows: a pixel of the grid has its row's, all others have 0.
 *   dx[n, c, top[n] + p*step, left[n] + q*step] = dy[(n*P + p)*Q + q, c]
 */
export function pixelRowsBackward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> at: array<vec4f>;       // [N]: top, left
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;       // [N*P*Q][C4]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>; // [N][C4][H+2][W+2]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let h = global_id.y;
  let w = global_id.x;
  if (w >= params.W || h >= params.H) {
    return;
  }
  let plane = global_id.z;
  let n = plane / params.C4;
  let place = vec2u(at[n].xy);
  // Before the grid's first pixel these wrap round to large numbers.
  let down = h - place.x;
  let right = w - place.y;
  let p = down / params.step;
  let q = right / params.step;
  var value = vec4f();
  if (p < params.P && q < params.Q && p * params.step == down && q * params.step == right) {
    value = dy[((n * params.P + p) * params.Q + q) * params.C4 + plane % params.C4];
  }
  dx[(plane * (params.H + ${2 * HALO}u) + h + ${HALO}u) * (params.W + ${2 * HALO}u) + w + ${HALO}u] = value;
}
`;
}
