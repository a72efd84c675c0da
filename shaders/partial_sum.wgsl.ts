import { wgsl } from './wgsl.js';

export type PartialSumVariant = {
  /** 0, or the side in vec4 of the blocks of which only those on or above the diagonal were computed. */
  triangle: number;
};

/**
 * Second pass of the split reductions, in order of the splits; one thread owns four neighbours of y:
 *   y[i,j] = scale * sum_split partials[split,i,j]
 * With a triangle, the missing half is read across the diagonal.
 */
export function partialSum(v: PartialSumVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> partials: array<vec4f>; // [splits][pitch], pitch >= count
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // [count]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let at = global_id.x + global_id.y * params.stride;
  if (at >= params.count) {
    return;
  }
  var sum = vec4f();
#if ${v.triangle > 0}
  let i = at / params.width;
  let j = at % params.width;
  if (i / ${4 * v.triangle}u > j / ${v.triangle}u) {
    let mirrored = 4u * j * params.width + i / 4u;
    for (var split = 0u; split < params.splits; split++) {
      let first = split * params.pitch + mirrored;
      sum += vec4f(
        partials[first][i % 4u],
        partials[first + params.width][i % 4u],
        partials[first + 2u * params.width][i % 4u],
        partials[first + 3u * params.width][i % 4u],
      );
    }
    y[at] = params.scale * sum;
    return;
  }
#endif
  for (var split = 0u; split < params.splits; split++) {
    sum += partials[split * params.pitch + at];
  }
  y[at] = params.scale * sum;
}
`;
}
