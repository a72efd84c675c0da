import { wgsl } from './wgsl.js';

/**
 * Filter of the data gradient: the taps reversed, input and output channels exchanged:
 *   flipped[c,k,r,s] = weight[k,c,R-1-r,S-1-s]
 */
export function filterFlip(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> weight: array<f32>;        // [R*S][C][K], C and K multiples of 4
@group(0) @binding(2) var<storage, read_write> flipped: array<f32>; // [R*S][K][C]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.taps * params.C * params.K) {
    return;
  }
  let c = i % params.C;
  let k = (i / params.C) % params.K;
  let tap = i / (params.C * params.K);
  flipped[i] = weight[((params.taps - 1u - tap) * params.C + c) * params.K + k];
}
`;
}
