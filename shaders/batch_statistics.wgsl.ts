import { wgsl } from './wgsl.js';

/**
 * Last stage of a batch's statistics, the splits in order:
 *   statistics[0,c] = mean[c],   statistics[1,c] = scale * sum_t partials[t,c]
 */
export function batchStatistics(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> mean: array<vec4f>;             // [C4]
@group(0) @binding(2) var<storage, read> partials: array<vec4f>;         // [splits][C4]
@group(0) @binding(3) var<storage, read_write> statistics: array<vec4f>; // [2][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let c4 = global_id.x + global_id.y * params.stride;
  if (c4 >= params.C4) {
    return;
  }
  var sum = vec4f();
  for (var t = 0u; t < params.splits; t++) {
    sum += partials[t * params.C4 + c4];
  }
  statistics[c4] = mean[c4];
  statistics[params.C4 + c4] = params.scale * sum;
}
`;
}
