import { HALO } from '../src/base/layout.js';
import { finished, finishOperands } from './finish.js';
import type { DisjointPoolVariant } from './max_pool2d_backward_disjoint.wgsl.js';
import { wgsl } from './wgsl.js';

/**
 * Gradient of average pooling where windows do not overlap (stride = window, no padding): one thread owns one
 * window of dx in four channels:
 *   dx[n,c,h,w] = scale / area(p,q) * dy[n,c,p,q] for the window (p,q) that contains (h,w), 0 if there is none
 */
export function avgPool2dBackwardDisjoint(v: DisjointPoolVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [N][C4][P+2][Q+2]
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>; // [N][C4][H+2][W+2]
${finishOperands(v, 3)}

const WINDOW = ${v.window}u;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let q = global_id.x;
  let p = global_id.y;
  let h0 = p * WINDOW;
  let w0 = q * WINDOW;
  if (h0 >= params.H || w0 >= params.W) {
    return;
  }
  // Only windows that hang over the far edges are cut.
  let rows = min(WINDOW, params.H - h0);
  let columns = min(WINDOW, params.W - w0);
  // Behind the last whole window lie pixels that no window reads.
  let pitchY = params.Q + ${2 * HALO}u;
  var gradient = vec4f();
  if (p < params.P && q < params.Q) {
    gradient = dy[(global_id.z * (params.P + ${2 * HALO}u) + p + ${HALO}u) * pitchY + q + ${HALO}u]
             * (params.scale / f32(rows * columns));
  }
  let pitch = params.W + ${2 * HALO}u;
  let origin = (global_id.z * (params.H + ${2 * HALO}u) + h0 + ${HALO}u) * pitch + w0 + ${HALO}u;
  for (var r = 0u; r < WINDOW; r++) {
    for (var s = 0u; s < WINDOW; s++) {
      if (r < rows && s < columns) {
        let place = origin + r * pitch + s;
        dx[place] = ${finished(v, 'gradient', 'place')};
      }
    }
  }
}
`;
}
