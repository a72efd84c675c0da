import { wgsl } from './wgsl.js';

/**
 * What each output pixel of a bilinear resize divides by, along one axis of I input pixels:
 *   total[o] = sum_i max(0, reach - |(2i+1) O - (2o+1) I|)
 */
export function resizeBilinearTotals(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read_write> total: array<f32>; // [O], padded with zeros to a multiple of 4

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let inputs = i32(params.inputs);
  let outputs = i32(params.outputs);
  let reach = i32(params.reach);
  let o = i32(global_id.x);
  if (o >= (outputs + 3) / 4 * 4) {
    return;
  }
  var sum = 0;
  if (o < outputs) {
    let centre = (2 * o + 1) * inputs;
    for (var i = max(centre - reach + outputs, 0) / (2 * outputs); i < inputs; i++) {
      let weight = reach - abs((2 * i + 1) * outputs - centre);
      if (weight < 0) {
        break;
      }
      sum += weight;
    }
  }
  total[o] = f32(sum);
}
`;
}
