import { wgsl } from './wgsl.js';

/** Columns without their mean, over their mean: y[m,c] = (x[m,c] - centre*mean[c]) / (divide*(mean[c] + epsilon) + 1 - divide). */
export function columnNormalizeForward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [M][C4]
@group(0) @binding(2) var<storage, read> mean: array<vec4f>;    // [C4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [M][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  let own = mean[i % params.C4];
  var value = x[i] - params.centre * own;
  if (params.divide > 0.0) {
    value /= own + params.epsilon;
  }
  y[i] = value;
}
`;
}
