import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

/**
 * Keeps a rectangle of a picture; its own transpose, so that it is its gradient too:
 *   y[n,c,h,w] = x[n,c,h,w] where top <= h < bottom and left <= w < right, else 0
 */
export function rectMask(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // as x

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let w = global_id.x;
  let h = global_id.y;
  if (w >= params.W || h >= params.H) {
    return;
  }
  let at = (global_id.z * (params.H + ${2 * HALO}u) + h + ${HALO}u) * (params.W + ${2 * HALO}u) + w + ${HALO}u;
  let inside = h >= params.top && h < params.bottom && w >= params.left && w < params.right;
  // Not x * 0: what lies outside may be infinite.
  var value = vec4f();
  if (inside) {
    value = x[at];
  }
  y[at] = value;
}
`;
}
