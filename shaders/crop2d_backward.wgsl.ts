import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

export type CropBackwardVariant = {
  /** True: dx is added to inside the rectangle and left as it is elsewhere. False: it is overwritten, with zero outside. */
  add: boolean;
};

/**
 * Gradient of cutting a rectangle out of a picture: dy put back where y was taken from:
 *   dx[n,c,h,w] = dy[n,c,h-top,w-left] inside the rectangle, 0 outside   (add: dx += that)
 */
export function crop2dBackward(v: CropBackwardVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [N][C4][P+2][Q+2]
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>; // [N][C4][H+2][W+2]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
#if ${v.add}
  // A thread for each pixel of dy.
  let p = global_id.y;
  let q = global_id.x;
  if (q >= params.Q || p >= params.P) {
    return;
  }
  let h = p + params.top;
  let w = q + params.left;
#else
  // A thread for each pixel of dx; outside the rectangle p or q wraps round to a large number.
  let h = global_id.y;
  let w = global_id.x;
  if (w >= params.W || h >= params.H) {
    return;
  }
  let p = h - params.top;
  let q = w - params.left;
#endif
  let to = (global_id.z * (params.H + ${2 * HALO}u) + h + ${HALO}u) * (params.W + ${2 * HALO}u) + w + ${HALO}u;
  let source = (global_id.z * (params.P + ${2 * HALO}u) + p + ${HALO}u) * (params.Q + ${2 * HALO}u) + q + ${HALO}u;
#if ${v.add}
  dx[to] += dy[source];
#else
  var value = vec4f();
  if (p < params.P && q < params.Q) {
    value = dy[source];
  }
  dx[to] = value;
#endif
}
`;
}
