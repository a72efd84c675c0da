import { HALO } from '../src/base/layout.js';
import type { PoolVariant } from './max_pool2d_forward.wgsl.js';
import { wgsl } from './wgsl.js';

/**
 * Euclidean norm of square windows, padding counted as zeros:
 *   y[n,c,p,q] = sqrt(sum_{r,s} x[n,c, p*stride+r-pad, q*stride+s-pad]^2)
 */
export function lpPool2dForward(v: PoolVariant): string {
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
  let pitch = params.W + ${2 * HALO}u;
  let origin = (global_id.z * (params.H + ${2 * HALO}u) + ${HALO}u) * pitch + ${HALO}u;
  var sum = vec4f();
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
      sum += value * value;
    }
  }
  let pitchY = params.Q + ${2 * HALO}u;
  y[(global_id.z * (params.P + ${2 * HALO}u) + p + ${HALO}u) * pitchY + q + ${HALO}u] = sqrt(sum);
}
`;
}
