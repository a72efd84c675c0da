import { wgsl } from './wgsl.js';

/**
 * The sum of squares of one tensor among many, in fixed order, over whole buffers (padding is zero):
 *   sums[first + t] = sum_i x[t + i*threads]^2
 * Each tensor has rows of its own in `sums`; a later sum over all of them makes one norm.
 */
export function squareSums(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;          // any layout, count vec4
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>; // [rows of all tensors]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let t = global_id.x;
  if (t >= params.threads) {
    return;
  }
  var sum = vec4f();
  for (var i = t; i < params.count; i += params.threads) {
    let value = x[i];
    sum += value * value;
  }
  sums[params.first + t] = sum;
}
`;
}
