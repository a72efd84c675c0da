import { HALO } from '../src/base/layout.js';
import type { ResizeVariant } from './resize_bilinear_forward.wgsl.js';
import { wgsl } from './wgsl.js';

/**
 * Gradient of one axis of a bilinear resize from I to O pixels, gathered with the forward weights:
 *   dx[i] = sum_o dy[o] n(o,i) / total[o],   n(o,i) = max(0, reach - |(2i+1) O - (2o+1) I|)
 */
export function resizeBilinearBackward(v: ResizeVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> total: array<f32>;      // [O]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;       // [N][C4][P+2][Q+2]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>; // [N][C4][H+2][W+2]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let w = global_id.x;
  let h = global_id.y;
  if (w >= params.W || h >= params.H) {
    return;
  }
  let pitchY = params.Q + ${2 * HALO}u;
  let origin = (global_id.z * (params.P + ${2 * HALO}u) + ${HALO}u) * pitchY + ${HALO}u;
#if ${v.axis === 'x'}
  let inputs = i32(params.W);
  let outputs = i32(params.Q);
  let place = (2 * i32(w) + 1) * outputs;
  let line = origin + h * pitchY;
  let step = 1u;
#else
  let inputs = i32(params.H);
  let outputs = i32(params.P);
  let place = (2 * i32(h) + 1) * outputs;
  let line = origin + w;
  let step = pitchY;
#endif
  let reach = i32(params.reach);
  // The least o with (2o+1) I > place - reach.
  let begin = max(place - reach + inputs, 0) / (2 * inputs);
  var sum = vec4f();
  for (var o = begin; o < outputs; o++) {
    let weight = reach - abs(place - (2 * o + 1) * inputs);
    if (weight < 0) {
      break;
    }
    sum += (f32(weight) / total[o]) * dy[line + u32(o) * step];
  }
  let pitch = params.W + ${2 * HALO}u;
  dx[(global_id.z * (params.H + ${2 * HALO}u) + h + ${HALO}u) * pitch + w + ${HALO}u] = sum;
}
`;
}
