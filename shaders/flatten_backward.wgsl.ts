import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

/** Rows back in channel blocks: dx[n,c,h,w] = dy[n, (c*H + h)*W + w], one pixel of four channels per thread. */
export function flattenBackward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [N][L4], L = C*H*W
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>; // [N][C4][H+2][W+2]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let w = global_id.x;
  let h = global_id.y;
  if (w >= params.W || h >= params.H) {
    return;
  }
  let C4 = (params.C + 3u) / 4u;
  let L4 = (params.C * params.H * params.W + 3u) / 4u;
  let n = global_id.z / C4;
  var gradient = vec4f();
  for (var e = 0u; e < 4u; e++) {
    let c = global_id.z % C4 * 4u + e;
    if (c < params.C) {
      let at = (c * params.H + h) * params.W + w;
      gradient[e] = dy[n * L4 + at / 4u][at % 4u];
    }
  }
  dx[(global_id.z * (params.H + ${2 * HALO}u) + h + ${HALO}u) * (params.W + ${2 * HALO}u) + w + ${HALO}u] = gradient;
}
`;
}
