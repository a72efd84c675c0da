import { wgsl } from './wgsl.js';

/** A convolution's filter, scaled by a power of two and rounded to f16: half = f16(scale * weight). */
export function filterHalf(): string {
  return wgsl`
enable f16;
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;          // [rows][K4]
@group(0) @binding(2) var<storage, read> scale: array<vec4f>;           // [2]
@group(0) @binding(3) var<storage, read_write> half: array<vec4<f16>>;  // [rows][pitch], pitch even and >= K4

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  let k = i % params.pitch;
  if (i >= params.count) {
    return;
  }
  let value = weight[i / params.pitch * params.K4 + min(k, params.K4 - 1u)];
  half[i] = select(vec4<f16>(), vec4<f16>(value * scale[0].x), k < params.K4);
}
`;
}
