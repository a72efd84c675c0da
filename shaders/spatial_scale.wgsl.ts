import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

/**
 * One factor per pixel, the same for all channels; its own transpose, so that it is its gradient too:
 *   y[n,c,h,w] = x[n,c,h,w] * mask[m,0,h,w],   m = 0 or n
 */
export function spatialScale(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> mask: array<vec4f>;    // [1 or N][1][H+2][W+2], the value in lane x
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // as x

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  if (global_id.x >= params.W || global_id.y >= params.H) {
    return;
  }
  let pitch = params.W + ${2 * HALO}u;
  let plane = (params.H + ${2 * HALO}u) * pitch;
  let at = (global_id.y + ${HALO}u) * pitch + global_id.x + ${HALO}u;
  // blocks is the C4 of x, or the number of all its planes where one mask serves them.
  y[global_id.z * plane + at] = x[global_id.z * plane + at] * mask[global_id.z / params.blocks * plane + at].x;
}
`;
}
