import { pixelRun } from './pixel-run.js';
import { wgsl } from './wgsl.js';

/**
 * Gradient of batch_norm to x, the statistics being inputs of their own:
 *   dx[n,c,h,w] = dy[n,c,h,w] * gamma[c] / sqrt(variance[c] + epsilon)
 */
export function batchNormBackwardX(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;         // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> statistics: array<vec4f>; // [2][C4]
@group(0) @binding(3) var<storage, read> gamma: array<vec4f>;      // [C4]
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>;   // as dy

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  ${pixelRun()}
  let scale = gamma[c4] * inverseSqrt(statistics[params.C4 + c4] + params.epsilon);
  for (var at = begin; at < end; at++) {
    dx[at] = dy[at] * scale;
  }
}
`;
}
