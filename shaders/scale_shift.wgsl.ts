import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

export type ScaleShiftVariant = {
  /** False leaves the shift out: the gradient is the scale alone. */
  shift: boolean;
};

/**
 * One factor and one summand per channel, on the interior pixels alone (the border stays zero):
 *   y[n,c,h,w] = x[n,c,h,w] * scale[c] + shift[c]
 */
export function scaleShift(v: ScaleShiftVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> scale: array<vec4f>;   // [C4], padding lanes zero
#if ${v.shift}
@group(0) @binding(3) var<storage, read> shift: array<vec4f>;   // [C4], padding lanes zero
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // as x
#else
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // as x
#endif

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  if (global_id.x >= params.W || global_id.y >= params.H) {
    return;
  }
  let at = (global_id.z * (params.H + ${2 * HALO}u) + global_id.y + ${HALO}u) * (params.W + ${2 * HALO}u) + global_id.x + ${HALO}u;
  let c4 = global_id.z % params.C4;
#if ${v.shift}
  y[at] = x[at] * scale[c4] + shift[c4];
#else
  y[at] = x[at] * scale[c4];
#endif
}
`;
}
