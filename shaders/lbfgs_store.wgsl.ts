import { wgsl } from './wgsl.js';

/** Copies the candidate pair into the ring's free slot, if that lies in this group of slots: S[next] = s, Y[next] = y. */
export function lbfgsStore(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> state: array<f32>;     // started, next, count, H0
@group(0) @binding(2) var<storage, read> s: array<vec4f>;       // [size]: step taken
@group(0) @binding(3) var<storage, read> y: array<vec4f>;       // [size]: change of the gradient
@group(0) @binding(4) var<storage, read_write> S: array<vec4f>; // [slots][size]
@group(0) @binding(5) var<storage, read_write> Y: array<vec4f>; // [slots][size]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  let next = u32(state[1]);
  if (i >= params.size || next < params.first || next >= params.first + params.slots) {
    return;
  }
  let at = (next - params.first) * params.size + i;
  S[at] = s[i];
  Y[at] = y[i];
}
`;
}
