import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

export type DisjointPoolVariant = {
  /** Side of the square window and step between windows. */
  window: number;
  /** The pooled tensor is a rectifier's output: stores 0 where it is not above 0. */
  mask: boolean;
};

/**
 * Gradient of max pooling where windows do not overlap (stride = window, no padding): one thread owns one
 * window of dx in four channels, so that each pixel is read once:
 *   dx[n,c,h,w] = dy[n,c,p,q] where (h,w) is the first maximum of its window (p,q) in row-major order, else 0
 */
export function maxPool2dBackwardDisjoint(v: DisjointPoolVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;       // [N][C4][P+2][Q+2]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>; // as x

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
  let pitch = params.W + ${2 * HALO}u;
  let origin = (global_id.z * (params.H + ${2 * HALO}u) + h0 + ${HALO}u) * pitch + w0 + ${HALO}u;
  var best = vec4f(-0x1.fffffep+127f);
  var winner = vec4u();
  for (var r = 0u; r < WINDOW; r++) {
    for (var s = 0u; s < WINDOW; s++) {
      if (r < rows && s < columns) {
        let value = x[origin + r * pitch + s];
        winner = select(winner, vec4u(r * WINDOW + s), value > best);
        best = max(best, value);
      }
    }
  }
  // Behind the last whole window lie pixels that no window reads.
  let pitchY = params.Q + ${2 * HALO}u;
  var gradient = vec4f();
  if (p < params.P && q < params.Q) {
    gradient = dy[(global_id.z * (params.P + ${2 * HALO}u) + p + ${HALO}u) * pitchY + q + ${HALO}u];
  }
#if ${v.mask}
  // Only the winner hands on a gradient, and its value is the maximum.
  gradient = select(vec4f(), gradient, best > vec4f());
#endif
  for (var r = 0u; r < WINDOW; r++) {
    for (var s = 0u; s < WINDOW; s++) {
      if (r < rows && s < columns) {
        dx[origin + r * pitch + s] = select(vec4f(), gradient, winner == vec4u(r * WINDOW + s));
      }
    }
  }
}
`;
}
