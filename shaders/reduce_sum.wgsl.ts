import { wgsl } from './wgsl.js';

export type ReduceSumVariant = {
  /** One thread sums everything, its four lanes too, and writes a scalar. */
  last: boolean;
};

/**
 * One stage of a sum in fixed order: thread t adds every threads-th vec4,
 *   y[t] = sum_i x[t + i*threads],   and at last   y = scale * sum_i (x[i].x + x[i].y + x[i].z + x[i].w)
 */
export function reduceSum(v: ReduceSumVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [count]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [threads], at last [1]

@compute @workgroup_size(${v.last ? 1 : 64})
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let t = global_id.x;
  if (t >= params.threads) {
    return;
  }
  var sum = vec4f();
  for (var i = t; i < params.count; i += params.threads) {
    sum += x[i];
  }
#if ${v.last}
  y[0] = vec4f(params.scale * ((sum.x + sum.y) + (sum.z + sum.w)), 0.0, 0.0, 0.0);
#else
  y[t] = sum;
#endif
}
`;
}
