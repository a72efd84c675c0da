import { wgsl } from './wgsl.js';

/**
 * Running averages of a batch's statistics, the variance unbiased by the factor M / (M - 1):
 *   running[0,c] = keep * running[0,c] + momentum * statistics[0,c]
 *   running[1,c] = keep * running[1,c] + momentum * unbias * statistics[1,c]
 * Both stay as they are where a statistic of the channel is not finite: one batch must not spoil every later average.
 */
export function batchNormRunning(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> statistics: array<vec4f>;    // [2][C4]
@group(0) @binding(2) var<storage, read_write> running: array<vec4f>; // [2][C4]

// By its bits: a compiler may take for granted that a number is finite.
fn isFinite(v: vec4f) -> vec4<bool> {
  return (bitcast<vec4u>(v) & vec4u(0x7f800000u)) != vec4u(0x7f800000u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= 2u * params.C4) {
    return;
  }
  let isVariance = i >= params.C4;
  let other = select(i + params.C4, i - params.C4, isVariance);
  let gain = params.momentum * select(1.0, params.unbias, isVariance);
  let next = params.keep * running[i] + gain * statistics[i];
  running[i] = select(running[i], next, isFinite(statistics[i]) & isFinite(statistics[other]));
}
`;
}
