import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

/** Shared by the four pooling kernels. */
export type PoolVariant = {
  /** Side of the square window and step between windows: literals, so that loops unroll and divisions vanish. */
  window: number;
  stride: number;
  /** Every window lies inside the picture, so that no load needs a bounds check. */
  inside: boolean;
};

/**
 * Maximum over square windows; what lies outside the picture never wins:
 *   y[n,c,p,q] = max_{r,s} x[n,c, p*stride+r-pad, q*stride+s-pad]
 */
export function maxPool2dForward(v: PoolVariant): string {
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
  // The lowest f32: no window is empty, so some pixel replaces it.
  var best = vec4f(-0x1.fffffep+127f);
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
      best = max(best, x[origin + h * pitch + w]);
    }
  }
  let pitchY = params.Q + ${2 * HALO}u;
  y[(global_id.z * (params.P + ${2 * HALO}u) + p + ${HALO}u) * pitchY + q + ${HALO}u] = best;
}
`;
}
