import { FAR } from './squared_distances.wgsl.js';
import { wgsl } from './wgsl.js';

/**
 * The k smallest distances of every `lists`-th vec4 of a row of distances, in ascending order, with the numbers of
 * their rows; equal distances in the order of their rows. One thread keeps one list by insertion: most distances are
 * larger than its last and cost one comparison. What a list has no distance for is FAR, with the number -1.
 */
export function topKSelect(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> distances: array<vec4f>;   // [B][M4]
@group(0) @binding(2) var<storage, read_write> values: array<f32>;  // [B*total][pitch], ascending
@group(0) @binding(3) var<storage, read_write> numbers: array<f32>; // as values, whole numbers

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let list = global_id.x;
  if (list >= params.lists) {
    return;
  }
  let base = (global_id.y * params.total + params.first + list) * params.pitch;
  for (var i = 0u; i < params.pitch; i++) {
    values[base + i] = select(0.0, ${FAR}, i < params.k);
    numbers[base + i] = select(0.0, -1.0, i < params.k);
  }
  var last = ${FAR};
  for (var m4 = list; m4 < params.M4; m4 += params.lists) {
    let four = distances[global_id.y * params.M4 + m4];
    if (!any(four < vec4f(last))) {
      continue;
    }
    for (var lane = 0u; lane < 4u; lane++) {
      let value = four[lane];
      // An equal distance stays behind: its row comes later. So does NaN.
      if (value < last) {
        var place = base + params.k - 1u;
        while (place > base && values[place - 1u] > value) {
          values[place] = values[place - 1u];
          numbers[place] = numbers[place - 1u];
          place--;
        }
        values[place] = value;
        numbers[place] = f32(params.row + 4u * m4 + lane);
        last = values[base + params.k - 1u];
      }
    }
  }
}
`;
}
