import { HALO } from '../src/base/layout.js';
import type { TotalVariationVariant } from './total_variation_forward.wgsl.js';
import { wgsl } from './wgsl.js';

/**
 * Gradient of total variation, gathered over the (up to four) neighbours (i,j) inside the picture:
 *   dx[n,c,h,w] = scale * dy * sum_{(i,j)} f'(x[n,c,h,w] - x[n,c,i,j])
 * with f'(d) = sign(d), 0 at 0 (l1), or 2 d (l2).
 */
export function totalVariationBackward(v: TotalVariationVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;       // [1]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>; // as x

fn slope(difference: vec4f) -> vec4f {
#if ${v.form === 'l1'}
  return sign(difference);
#else
  return 2.0 * difference;
#endif
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let w = global_id.x;
  let h = global_id.y;
  if (w >= params.W || h >= params.H) {
    return;
  }
  let pitch = params.W + ${2 * HALO}u;
  let at = (global_id.z * (params.H + ${2 * HALO}u) + h + ${HALO}u) * pitch + w + ${HALO}u;
  let here = x[at];
  // The border may be read, but it is no neighbour.
  let up = select(0.0, 1.0, h > 0u);
  let down = select(0.0, 1.0, h + 1u < params.H);
  let left = select(0.0, 1.0, w > 0u);
  let right = select(0.0, 1.0, w + 1u < params.W);
  let sum = up * slope(here - x[at - pitch]) + down * slope(here - x[at + pitch])
          + left * slope(here - x[at - 1u]) + right * slope(here - x[at + 1u]);
  dx[at] = params.scale * dy[0].x * sum;
}
`;
}
