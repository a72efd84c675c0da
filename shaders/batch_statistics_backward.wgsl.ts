import { type Finish, finished, finishOperands } from './finish.js';
import { pixelRun } from './pixel-run.js';
import { wgsl } from './wgsl.js';

/**
 * Gradient of a batch's mean and biased variance over M = N H W pixels, scale = 1 / M, finished as `Finish` says:
 *   dx[n,c,h,w] = scale * (dy[0,c] + 2 (x[n,c,h,w] - mean[c]) dy[1,c])
 */
export function batchStatisticsBackward(v: Finish): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;          // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> statistics: array<vec4f>; // [2][C4]
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;         // [2][C4]
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>;   // as x
${finishOperands(v, 5)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  ${pixelRun()}
  let mean = statistics[c4];
  let toMean = params.scale * dy[c4];
  let toVariance = 2.0 * params.scale * dy[params.C4 + c4];
  for (var at = begin; at < end; at++) {
    dx[at] = ${finished(v, 'toMean + (x[at] - mean) * toVariance', 'at')};
  }
}
`;
}
