import { wgsl } from './wgsl.js';

/**
 * A convolution's filter in the order in which a subgroup loads it for `width` neighbouring blocks of output channels:
 *   blocked[b,t,c,m] = weight[t,c,b*width + m], blocks past the last one zero.
 */
export function filterBlock(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;        // [R*S*4*C4][K4]
@group(0) @binding(2) var<storage, read_write> blocked: array<vec4f>; // [B][R*S*4*C4][width]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  let perBlock = params.rows * params.width;
  let k = i / perBlock * params.width + i % params.width;
  if (i / perBlock * params.width >= params.K4) {
    return;
  }
  let value = weight[i % perBlock / params.width * params.K4 + min(k, params.K4 - 1u)];
  blocked[i] = select(vec4f(), value, k < params.K4);
}
`;
}
