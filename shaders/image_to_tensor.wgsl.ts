import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

/**
 * Interleaved pixels to channel blocks, one pixel per thread:
 *   y[0,c,h,w] = (x[h,w,c] - mean_c) * scale_c
 * Without means it is the transpose of tensor_to_image. Unused lanes have scale 0.
 */
export function imageToTensor(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [H][W], a pixel in each vec4
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [1][1][H+2][W+2]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  if (global_id.x >= params.W || global_id.y >= params.H) {
    return;
  }
  let mean = vec4f(params.mean0, params.mean1, params.mean2, params.mean3);
  let scale = vec4f(params.scale0, params.scale1, params.scale2, params.scale3);
  y[(global_id.y + ${HALO}u) * (params.W + ${2 * HALO}u) + global_id.x + ${HALO}u]
    = (x[global_id.y * params.W + global_id.x] - mean) * scale;
}
`;
}
