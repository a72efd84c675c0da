import { wgsl } from './wgsl.js';

/** Gradient: dx[m,c] = (dy[m,c] - sum[c]) / (divide*(mean[c] + epsilon) + 1 - divide), sum the mean of what was weighed. */
export function columnNormalizeBackward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> mean: array<vec4f>;     // [C4]
@group(0) @binding(2) var<storage, read> sum: array<vec4f>;      // [C4]
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;       // [M][C4]
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>; // [M][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  let c = i % params.C4;
  var value = dy[i] - sum[c];
  if (params.divide > 0.0) {
    value /= mean[c] + params.epsilon;
  }
  dx[i] = value;
}
`;
}
