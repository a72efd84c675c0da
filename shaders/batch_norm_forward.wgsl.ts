import { pixelRun } from './pixel-run.js';
import { wgsl } from './wgsl.js';

export type BatchNormVariant = {
  /** max(0, .) behind it. */
  rectify: boolean;
};

/**
 * Normalisation by the statistics of a batch, a factor and a summand per channel (Ioffe & Szegedy, arXiv 1502.03167,
 * algorithm 1):
 *   y[n,c,h,w] = act(gamma[c] * (x[n,c,h,w] - mean[c]) / sqrt(variance[c] + epsilon) + beta[c])
 */
export function batchNormForward(v: BatchNormVariant): string {
  const y = '(x[at] - mean) * scale + shift';
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;          // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> statistics: array<vec4f>; // [2][C4]: mean and variance
@group(0) @binding(3) var<storage, read> gamma: array<vec4f>;      // [C4], padding lanes zero
@group(0) @binding(4) var<storage, read> beta: array<vec4f>;       // [C4], padding lanes zero
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;    // as x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  ${pixelRun()}
  let mean = statistics[c4];
  let scale = gamma[c4] * inverseSqrt(statistics[params.C4 + c4] + params.epsilon);
  let shift = beta[c4];
  for (var at = begin; at < end; at++) {
    y[at] = ${v.rectify ? `max(${y}, vec4f())` : y};
  }
}
`;
}
