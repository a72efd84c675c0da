import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

export type ResizeVariant = {
  /** The axis that changes: x is columns, y is rows. */
  axis: 'x' | 'y';
};

/**
 * One axis of a bilinear resize, from I to O pixels with half-pixel centres; along that axis
 *   y[o] = sum_i n(o,i) x[i] / sum_i n(o,i),   n(o,i) = max(0, reach - |(2i+1) O - (2o+1) I|)
 * n is the triangle filter in units of 1/(2 O) input pixels: whole numbers, so that no weight is rounded.
 * With reach = 2 O the triangle ends one input pixel from its centre (bilinear); with reach = 2 max(I,O) it
 * widens as the picture shrinks (antialias). At the edges the weights that are left are normalised.
 */
export function resizeBilinearForward(v: ResizeVariant): string {
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
#if ${v.axis === 'x'}
  let inputs = i32(params.W);
  let outputs = i32(params.Q);
  let centre = (2 * i32(q) + 1) * inputs;
  let line = origin + p * pitch;
  let step = 1u;
#else
  let inputs = i32(params.H);
  let outputs = i32(params.P);
  let centre = (2 * i32(p) + 1) * inputs;
  let line = origin + q;
  let step = pitch;
#endif
  let reach = i32(params.reach);
  // The least i with (2i+1) O > centre - reach.
  let begin = max(centre - reach + outputs, 0) / (2 * outputs);
  var sum = vec4f();
  var total = 0;
  for (var i = begin; i < inputs; i++) {
    let weight = reach - abs((2 * i + 1) * outputs - centre);
    if (weight < 0) {
      break;
    }
    sum += f32(weight) * x[line + u32(i) * step];
    total += weight;
  }
  let pitchY = params.Q + ${2 * HALO}u;
  y[(global_id.z * (params.P + ${2 * HALO}u) + p + ${HALO}u) * pitchY + q + ${HALO}u] = sum / f32(total);
}
`;
}
