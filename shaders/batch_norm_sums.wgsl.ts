import { channelSplit, overRows } from './pixel-run.js';
import { wgsl } from './wgsl.js';

/**
 * First stage of the sums that all of batch_norm's gradients per channel are made of, in fixed order:
 *   plain[t,c]    = sum_{rows t, t + splits, ...} dy[n,c,h,w]
 *   weighted[t,c] = sum_{rows t, t + splits, ...} dy[n,c,h,w] * (x[n,c,h,w] - mean[c]) / sqrt(variance[c] + epsilon)
 */
export function batchNormSums(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;              // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;             // as x
@group(0) @binding(3) var<storage, read> statistics: array<vec4f>;     // [2][C4]
@group(0) @binding(4) var<storage, read_write> plain: array<vec4f>;    // [splits][C4]
@group(0) @binding(5) var<storage, read_write> weighted: array<vec4f>; // [splits][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  ${channelSplit()}
  let mean = statistics[c4];
  var sum = vec4f();
  var products = vec4f();
  ${overRows(`let g = dy[at];
      sum += g;
      products += g * (x[at] - mean);`)}
  plain[t * params.C4 + c4] = sum;
  weighted[t * params.C4 + c4] = products * inverseSqrt(statistics[params.C4 + c4] + params.epsilon);
}
`;
}
