import { channelSplit, overRows } from './pixel-run.js';
import { wgsl } from './wgsl.js';

/**
 * First stage of each channel's sum of squared deviations over the pixels of all pictures, in fixed order:
 *   partials[t,c] = sum_{rows t, t + splits, ...} (x[n,c,h,w] - mean[c])^2
 */
export function channelDeviation(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;              // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> mean: array<vec4f>;           // [C4]
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>; // [splits][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  ${channelSplit()}
  let centre = mean[c4];
  var sum = vec4f();
  ${overRows(`let d = x[at] - centre;
      sum += d * d;`)}
  partials[t * params.C4 + c4] = sum;
}
`;
}
