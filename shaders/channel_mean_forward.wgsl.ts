import { wgsl } from './wgsl.js';

/**
 * First stage of the sum of each channel over its pixels, in fixed order (the zero border adds nothing):
 *   partials[t,n,c] = scale * sum_i x[n,c, t + i*splits]
 */
export function channelMeanForward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;              // [N][C4][plane], blocks = N*C4
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>; // [splits][N][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  let block = i / params.splits;
  let t = i % params.splits;
  if (block >= params.blocks) {
    return;
  }
  var sum = vec4f();
  for (var p = t; p < params.plane; p += params.splits) {
    sum += x[block * params.plane + p];
  }
  partials[t * params.blocks + block] = params.scale * sum;
}
`;
}
