import { wgsl } from './wgsl.js';

/**
 * The symmetric matrix of a Gram matrix's gradient, as the filter of a 1x1 convolution, padded with zeros:
 *   symmetric[i,j] = scale * (dy[i,j] + dy[j,i])
 */
export function gramSymmetrise(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;           // [C][C4]
@group(0) @binding(2) var<storage, read_write> symmetric: array<vec4f>; // [4*C4][C4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let at = global_id.x + global_id.y * params.stride;
  let C4 = (params.C + 3u) / 4u;
  if (at >= 4u * C4 * C4) {
    return;
  }
  let i = at / C4;
  let j = at % C4;
  var sum = vec4f();
  if (i < params.C) {
    sum = dy[at];
    for (var e = 0u; e < 4u; e++) {
      if (4u * j + e < params.C) {
        sum[e] += dy[(4u * j + e) * C4 + i / 4u][i % 4u];
      }
    }
  }
  symmetric[at] = params.scale * sum;
}
`;
}
