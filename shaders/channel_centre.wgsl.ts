import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

/** Channels less their mean: y[c,p] = x[c,p] - mean[c] at every pixel, and zero in the border. */
export function channelCentre(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [1][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> mean: array<vec4f>;    // [C4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // as x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  let pitch = params.W + ${2 * HALO}u;
  let plane = (params.H + ${2 * HALO}u) * pitch;
  if (i >= params.C4 * plane) {
    return;
  }
  let h = i % plane / pitch;
  let w = i % pitch;
  let inside = h >= ${HALO}u && h < params.H + ${HALO}u && w >= ${HALO}u && w < params.W + ${HALO}u;
  y[i] = select(vec4f(), x[i] - mean[i / plane], inside);
}
`;
}
