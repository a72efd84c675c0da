import { HALO } from '../src/base/layout.js';
import type { PoolBackwardVariant } from './max_pool2d_backward.wgsl.js';
import { wgsl } from './wgsl.js';

export type LpBackwardVariant = Omit<PoolBackwardVariant, 'mask'>;

/**
 * Gradient of the norms of windows, gathered: one thread owns one pixel of four channels of dx:
 *   dx[n,c,h,w] = x[n,c,h,w] * sum_{(p,q) whose window contains (h,w), y > 0} dy[n,c,p,q] / y[n,c,p,q]
 */
export function lpPool2dBackward(v: LpBackwardVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> y: array<vec4f>;        // [N][C4][P+2][Q+2]
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;       // as y
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>; // as x

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
  // First window that contains this pixel, and the first behind those that do.
  let p0 = (max(h + params.pad + 1u, WINDOW) - WINDOW + STRIDE - 1u) / STRIDE;
  let q0 = (max(w + params.pad + 1u, WINDOW) - WINDOW + STRIDE - 1u) / STRIDE;
  let p1 = min((h + params.pad) / STRIDE + 1u, params.P);
  let q1 = min((w + params.pad) / STRIDE + 1u, params.Q);
  var sum = vec4f();
  for (var p = p0; p < p1; p++) {
    for (var q = q0; q < q1; q++) {
      let norm = y[originY + p * pitchY + q];
      // Where the norm is 0 the divisor is not used, but must not be 0 either.
      let quotient = dy[originY + p * pitchY + q] / select(vec4f(1.0), norm, norm > vec4f());
      sum += select(vec4f(), quotient, norm > vec4f());
    }
  }
  let at = (global_id.z * (params.H + ${2 * HALO}u) + h + ${HALO}u) * (params.W + ${2 * HALO}u) + w + ${HALO}u;
  dx[at] = x[at] * sum;
}
`;
}
