import { wgsl } from './wgsl.js';

/**
 * First stage of the sum of each channel over its pixels, in fixed order (the zero border adds nothing):
 *   partials[t,c] = sum_i x[c, t + i*splits]
 */
export function channelMeanForward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;              // [1][C4][plane]
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>; // [splits][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  let c4 = i / params.splits;
  let t = i % params.splits;
  if (c4 >= params.C4) {
    return;
  }
  var sum = vec4f();
  for (var p = t; p < params.plane; p += params.splits) {
    sum += x[c4 * params.plane + p];
  }
  partials[t * params.C4 + c4] = sum;
}
`;
}
