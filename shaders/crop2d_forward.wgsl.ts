import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

/**
 * Cuts a rectangle out of a picture:
 *   y[n,c,p,q] = x[n,c,top+p,left+q]
 */
export function crop2dForward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [N][C4][P+2][Q+2]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let q = global_id.x;
  let p = global_id.y;
  if (q >= params.Q || p >= params.P) {
    return;
  }
  let row = global_id.z * (params.H + ${2 * HALO}u) + params.top + p + ${HALO}u;
  y[(global_id.z * (params.P + ${2 * HALO}u) + p + ${HALO}u) * (params.Q + ${2 * HALO}u) + q + ${HALO}u] =
    x[row * (params.W + ${2 * HALO}u) + params.left + q + ${HALO}u];
}
`;
}
