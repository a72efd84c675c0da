import { rowOfThread } from './row.js';
import { treeSum } from './tree-sum.js';
import { wgsl } from './wgsl.js';

/** Shared by both directions. */
export type RowVariant = {
  /** Threads that share a row, or 1 where a thread owns it alone. */
  share: number;
  workgroup: number;
};

/** Rows of length 1: y[n,d] = x[n,d] / sqrt(epsilon + sum_e x[n,e]^2). */
export function l2NormalizeForward(v: RowVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N][D4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [N][D4]

#if ${v.share > 1}
var<workgroup> parts: array<vec4f, ${v.share}>;
#endif

@compute @workgroup_size(${v.workgroup})
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_id) local_id: vec3u,
) {
  ${rowOfThread(v)}
  var sum = vec4f();
  for (var d = lane; d < params.D4; d += ${v.share}u) {
    let value = x[row * params.D4 + d];
    sum += value * value;
  }
#if ${v.share > 1}
  parts[lane] = sum;
  ${treeSum(v.share, (to, from) => `parts[${to}] += parts[${from}];`)}
  sum = parts[0];
#endif
  let inverse = inverseSqrt((sum.x + sum.y) + (sum.z + sum.w) + params.epsilon);
  for (var d = lane; d < params.D4; d += ${v.share}u) {
    y[row * params.D4 + d] = x[row * params.D4 + d] * inverse;
  }
}
`;
}
