import { wgsl } from './wgsl.js';

/** What a column's mean has to do with its gradient: weighed[m,c] = dy[m,c] * (centre + divide*y[m,c]). */
export function columnNormalizeWeigh(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> y: array<vec4f>;             // [M][C4]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;            // [M][C4]
@group(0) @binding(3) var<storage, read_write> weighed: array<vec4f>; // [M][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i < params.count) {
    weighed[i] = dy[i] * (params.centre + params.divide * y[i]);
  }
}
`;
}
