import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

/** Gradient of a channel's mean: dx[n,c,p] = scale * dy[n,c], and zero in the border. */
export function channelMeanBackward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [N][C4], blocks = N*C4
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>; // [N][C4][H+2][W+2]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  let pitch = params.W + ${2 * HALO}u;
  let plane = (params.H + ${2 * HALO}u) * pitch;
  if (i >= params.blocks * plane) {
    return;
  }
  let h = i % plane / pitch;
  let w = i % pitch;
  let inside = h >= ${HALO}u && h < params.H + ${HALO}u && w >= ${HALO}u && w < params.W + ${HALO}u;
  dx[i] = select(vec4f(), params.scale * dy[i / plane], inside);
}
`;
}
