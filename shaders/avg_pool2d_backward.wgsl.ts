import { HALO } from '../src/base/layout.js';
import { finished, finishOperands } from './finish.js';
import type { PoolBackwardVariant } from './max_pool2d_backward.wgsl.js';
import { wgsl } from './wgsl.js';

/**
 * Gradient of average pooling, gathered: one thread owns one pixel of four channels of dx:
 *   dx[n,c,h,w] = sum_{(p,q) whose window contains (h,w)} scale / area(p,q) * dy[n,c,p,q]
 */
export function avgPool2dBackward(v: PoolBackwardVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [N][C4][P+2][Q+2]
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>; // [N][C4][H+2][W+2]
${finishOperands(v, 3)}

const WINDOW = ${v.window}u;
const STRIDE = ${v.stride}u;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let w = global_id.x;
  let h = global_id.y;
  if (w >= params.W || h >= params.H) {
    return;
  }
  let pitchY = params.Q + ${2 * HALO}u;
  let originY = (global_id.z * (params.P + ${2 * HALO}u) + ${HALO}u) * pitchY + ${HALO}u;
  // First and last window that contain this pixel.
  let p0 = (max(h + params.pad + 1u, WINDOW) - WINDOW + STRIDE - 1u) / STRIDE;
  let q0 = (max(w + params.pad + 1u, WINDOW) - WINDOW + STRIDE - 1u) / STRIDE;
  let p1 = min((h + params.pad) / STRIDE, params.P - 1u);
  let q1 = min((w + params.pad) / STRIDE, params.Q - 1u);
  var sum = vec4f();
  for (var p = p0; p <= p1; p++) {
    let rows = min(WINDOW, params.H + 2u * params.pad - p * STRIDE);
    for (var q = q0; q <= q1; q++) {
      let columns = min(WINDOW, params.W + 2u * params.pad - q * STRIDE);
      sum += dy[originY + p * pitchY + q] * (params.scale / f32(rows * columns));
    }
  }
  let pitch = params.W + ${2 * HALO}u;
  let place = (global_id.z * (params.H + ${2 * HALO}u) + h + ${HALO}u) * pitch + w + ${HALO}u;
  dx[place] = ${finished(v, 'sum', 'place')};
}
`;
}
