import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

/**
 * Channel blocks to interleaved pixels, one pixel per thread:
 *   y[h,w,c] = x[0,c,h,w] * scale_c + mean_c
 * Without means it is the transpose of image_to_tensor. Unused lanes have scale 0 and mean 0.
 */
export function tensorToImage(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [1][1][H+2][W+2]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [H][W], a pixel in each vec4

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  if (global_id.x >= params.W || global_id.y >= params.H) {
    return;
  }
  let mean = vec4f(params.mean0, params.mean1, params.mean2, params.mean3);
  let scale = vec4f(params.scale0, params.scale1, params.scale2, params.scale3);
  y[global_id.y * params.W + global_id.x]
    = x[(global_id.y + ${HALO}u) * (params.W + ${2 * HALO}u) + global_id.x + ${HALO}u] * scale + mean;
}
`;
}
