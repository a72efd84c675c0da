import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

export type TotalVariationVariant = {
  /** Sum of absolute (l1) or of squared (l2) differences. */
  form: 'l1' | 'l2';
};

/**
 * First stage of total variation: one thread goes down one column, `rows` rows of it in every plane:
 *   partials[i,w] = sum_{n,c, h in segment i} f(x[n,c,h,w+1] - x[n,c,h,w]) + f(x[n,c,h+1,w] - x[n,c,h,w])
 * over the neighbours inside the picture; f(d) = |d| or d^2.
 */
export function totalVariationForward(v: TotalVariationVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;              // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>; // [segments][W]

fn measure(difference: vec4f) -> vec4f {
#if ${v.form === 'l1'}
  return abs(difference);
#else
  return difference * difference;
#endif
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let w = global_id.x;
  if (w >= params.W) {
    return;
  }
  let pitch = params.W + ${2 * HALO}u;
  let h0 = global_id.y * params.rows;
  let h1 = min(h0 + params.rows, params.H);
  // The last column has no neighbour to its right.
  let right = select(0.0, 1.0, w + 1u < params.W);
  var total = vec4f();
  for (var plane = 0u; plane < params.planes; plane++) {
    var at = (plane * (params.H + ${2 * HALO}u) + h0 + ${HALO}u) * pitch + w + ${HALO}u;
    var here = x[at];
    // Summed by plane first: short sums keep the rounding errors small.
    var sum = vec4f();
    for (var h = h0; h < h1; h++) {
      let below = x[at + pitch];
      sum += right * measure(x[at + 1u] - here);
      if (h + 1u < params.H) {
        sum += measure(below - here);
      }
      here = below;
      at += pitch;
    }
    total += sum;
  }
  partials[global_id.y * params.W + w] = total;
}
`;
}
