import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

/** Pixels of channel blocks in one row per picture: y[n, (c*H + h)*W + w] = x[n,c,h,w], four of them per thread. */
export function flattenForward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [N][L4], L = C*H*W

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  let pixels = params.H * params.W;
  let L = params.C * pixels;
  let L4 = (L + 3u) / 4u;
  let C4 = (params.C + 3u) / 4u;
  let pitch = params.W + ${2 * HALO}u;
  let n = i / L4;
  var value = vec4f();
  for (var e = 0u; e < 4u; e++) {
    let at = i % L4 * 4u + e;
    if (at < L) {
      let c = at / pixels;
      let h = at % pixels / params.W;
      let w = at % params.W;
      value[e] = x[((n * C4 + c / 4u) * (params.H + ${2 * HALO}u) + h + ${HALO}u) * pitch + w + ${HALO}u][c % 4u];
    }
  }
  y[i] = value;
}
`;
}
