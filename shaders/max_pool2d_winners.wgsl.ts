import { HALO } from '../src/base/layout.js';
import type { PoolVariant } from './max_pool2d_forward.wgsl.js';
import { wgsl } from './wgsl.js';

/**
 * Which pixel of each window is its maximum, the first in row-major order where several are equal:
 *   winner[n,c,p,q] = r*window + s of the first max_{r,s} x[n,c, p*stride+r-pad, q*stride+s-pad]
 */
export function maxPool2dWinners(v: PoolVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;            // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read_write> winner: array<vec4f>; // [N*C4][P][Q], small whole numbers

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let q = global_id.x;
  let p = global_id.y;
  if (q >= params.Q || p >= params.P) {
    return;
  }
  let pitch = params.W + ${2 * HALO}u;
  let origin = (global_id.z * (params.H + ${2 * HALO}u) + ${HALO}u) * pitch + ${HALO}u;
  var best = vec4f(-0x1.fffffep+127f);
  var first = vec4f();
  for (var r = 0u; r < ${v.window}u; r++) {
    // Before the first row this wraps to a huge number: one comparison finds both ends.
    let h = p * ${v.stride}u + r - params.pad;
#if ${!v.inside}
    if (h >= params.H) {
      continue;
    }
#endif
    for (var s = 0u; s < ${v.window}u; s++) {
      let w = q * ${v.stride}u + s - params.pad;
#if ${!v.inside}
      if (w >= params.W) {
        continue;
      }
#endif
      let value = x[origin + h * pitch + w];
      first = select(first, vec4f(f32(r * ${v.window}u + s)), value > best);
      best = max(best, value);
    }
  }
  winner[(global_id.z * params.P + p) * params.Q + q] = first;
}
`;
}
