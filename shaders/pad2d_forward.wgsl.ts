import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

export type PadVariant = {
  mode: 'zero' | 'replicate' | 'reflect';
};

/**
 * Pads the rows and columns of a picture:
 *   y[n,c,p,q] = x[n,c,source(p-top,H),source(q-left,W)]
 * with source(i,E) = i where 0 <= i < E, and elsewhere: a zero pixel (zero), the nearest of 0 and E-1
 * (replicate), or the mirror image at the centre of the edge pixel, -i or 2(E-1)-i (reflect).
 */
export function pad2dForward(v: PadVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [N][C4][P+2][Q+2]

fn source(at: u32, before: u32, extent: u32) -> u32 {
  let i = i32(at) - i32(before);
  let last = i32(extent) - 1;
#if ${v.mode === 'reflect'}
  return u32(last - abs(last - abs(i)));
#else
  return u32(clamp(i, 0, last));
#endif
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let q = global_id.x;
  let p = global_id.y;
  if (q >= params.Q || p >= params.P) {
    return;
  }
  let h = source(p, params.top, params.H);
  let w = source(q, params.left, params.W);
  var value = x[(global_id.z * (params.H + ${2 * HALO}u) + h + ${HALO}u) * (params.W + ${2 * HALO}u) + w + ${HALO}u];
#if ${v.mode === 'zero'}
  if (h + params.top != p || w + params.left != q) {
    value = vec4f();
  }
#endif
  let pitchY = params.Q + ${2 * HALO}u;
  y[(global_id.z * (params.P + ${2 * HALO}u) + p + ${HALO}u) * pitchY + q + ${HALO}u] = value;
}
`;
}
