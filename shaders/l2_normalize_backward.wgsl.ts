import type { RowVariant } from './l2_normalize_forward.wgsl.js';
import { rowOfThread } from './row.js';
import { treeSum } from './tree-sum.js';
import { wgsl } from './wgsl.js';

/**
 * Gradient of rows brought to length 1, with r = 1 / sqrt(epsilon + sum_e x[n,e]^2):
 *   dx[n,d] = r * (dy[n,d] - x[n,d] * r^2 * sum_e x[n,e] * dy[n,e])
 */
export function l2NormalizeBackward(v: RowVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // [N][D4]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;       // [N][D4]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>; // [N][D4]

#if ${v.share > 1}
var<workgroup> squares: array<vec4f, ${v.share}>;
var<workgroup> products: array<vec4f, ${v.share}>;
#endif

@compute @workgroup_size(${v.workgroup})
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_id) local_id: vec3u,
) {
  ${rowOfThread(v)}
  var square = vec4f();
  var product = vec4f();
  for (var d = lane; d < params.D4; d += ${v.share}u) {
    let value = x[row * params.D4 + d];
    square += value * value;
    product += value * dy[row * params.D4 + d];
  }
#if ${v.share > 1}
  squares[lane] = square;
  products[lane] = product;
  ${treeSum(v.share, (to, from) => `squares[${to}] += squares[${from}]; products[${to}] += products[${from}];`)}
  square = squares[0];
  product = products[0];
#endif
  let inverse = inverseSqrt((square.x + square.y) + (square.z + square.w) + params.epsilon);
  let factor = ((product.x + product.y) + (product.z + product.w)) * inverse * inverse;
  for (var d = lane; d < params.D4; d += ${v.share}u) {
    let at = row * params.D4 + d;
    dx[at] = (dy[at] - x[at] * factor) * inverse;
  }
}
`;
}
