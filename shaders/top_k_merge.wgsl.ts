import { FAR } from './squared_distances.wgsl.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type MergeVariant = {
  /** Lists that one thread merges into one. */
  fan: number;
};

/**
 * The k smallest of `fan` ascending lists, as one of them: the smallest of the lists' heads k times, of equal
 * distances that of the lower row.
 */
export function topKMerge(v: MergeVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> values: array<f32>;               // [B*lists][pitch]
@group(0) @binding(2) var<storage, read> numbers: array<f32>;              // as values
@group(0) @binding(3) var<storage, read_write> merged_values: array<f32>;  // [B*merged][pitch]
@group(0) @binding(4) var<storage, read_write> merged_numbers: array<f32>; // as merged_values

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  if (global_id.x >= params.merged) {
    return;
  }
  let list = global_id.x * ${v.fan}u;
  let source = (global_id.y * params.lists + list) * params.pitch;
  let to = (global_id.y * params.merged + global_id.x) * params.pitch;
  ${unroll(v.fan, (i) => startHead(i))}
  for (var place = 0u; place < params.pitch; place++) {
    if (place >= params.k) {
      merged_values[to + place] = 0.0;
      merged_numbers[to + place] = 0.0;
      continue;
    }
    var value = ${FAR};
    var number = -1.0;
    var winner = ${v.fan}u;
    ${unroll(v.fan, (i) => `if (value${i} < value || (value${i} == value && winner < ${v.fan}u && number${i} < number)) { value = value${i}; number = number${i}; winner = ${i}u; }`)}
    merged_values[to + place] = value;
    merged_numbers[to + place] = number;
    ${unroll(v.fan, (i) => `if (winner == ${i}u) { ${advance(i)} }`)}
  }
}
`;
}

function startHead(i: number): string {
  return `var at${i} = source + ${i}u * params.pitch;
  let end${i} = select(at${i}, at${i} + params.k, list + ${i}u < params.lists);
  var value${i} = ${FAR};
  var number${i} = -1.0;
  if (at${i} < end${i}) { value${i} = values[at${i}]; number${i} = numbers[at${i}]; }`;
}

function advance(i: number): string {
  return `at${i}++; value${i} = ${FAR}; if (at${i} < end${i}) { value${i} = values[at${i}]; number${i} = numbers[at${i}]; }`;
}
