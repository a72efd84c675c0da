import { wgsl } from './wgsl.js';

/** Sums of the rows of each block: y[b] = sum_i rows[b*size + i]. A thread has four blocks. */
export function blockEnergy(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> rows: array<vec4f>;    // [B*size]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [B4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let at = global_id.x + global_id.y * params.stride;
  if (at >= params.count) {
    return;
  }
  var sums = vec4f();
  for (var e = 0u; e < 4u; e++) {
    let b = 4u * at + e;
    if (b < params.B) {
      for (var i = b * params.size; i < (b + 1u) * params.size; i++) {
        sums[e] += rows[i].x;
      }
    }
  }
  y[at] = sums;
}
`;
}
