import { wgsl } from './wgsl.js';

/**
 * Gradient of batch_norm to the statistics, from the sums of batch_norm_sums, s = 1 / sqrt(variance[c] + epsilon):
 *   dx[0,c] = -gamma[c] s sum_t plain[t,c],   dx[1,c] = -gamma[c] s^2 / 2 sum_t weighted[t,c]
 */
export function batchNormBackwardStatistics(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> plain: array<vec4f>;      // [splits][C4]
@group(0) @binding(2) var<storage, read> weighted: array<vec4f>;   // [splits][C4]
@group(0) @binding(3) var<storage, read> statistics: array<vec4f>; // [2][C4]
@group(0) @binding(4) var<storage, read> gamma: array<vec4f>;      // [C4], padding lanes zero
@group(0) @binding(5) var<storage, read_write> dx: array<vec4f>;   // [2][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let c4 = global_id.x + global_id.y * params.stride;
  if (c4 >= params.C4) {
    return;
  }
  var sum = vec4f();
  var products = vec4f();
  for (var t = 0u; t < params.splits; t++) {
    sum += plain[t * params.C4 + c4];
    products += weighted[t * params.C4 + c4];
  }
  let s = inverseSqrt(statistics[params.C4 + c4] + params.epsilon);
  let scale = -gamma[c4] * s;
  dx[c4] = scale * sum;
  dx[params.C4 + c4] = 0.5 * scale * s * products;
}
`;
}
