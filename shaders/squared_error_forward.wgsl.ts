import { wgsl } from './wgsl.js';

export type SquaredErrorVariant = {
  /** False: the goal is zero and not bound. */
  goal: boolean;
};

/**
 * First stage of a sum of squares in fixed order, over whole buffers (padding is zero in both):
 *   partials[t] = sum_i (x[t + i*threads] - goal[t + i*threads])^2
 */
export function squaredErrorForward(v: SquaredErrorVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;              // any layout, count vec4
#if ${v.goal}
@group(0) @binding(2) var<storage, read> goal: array<vec4f>;        // as x
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>; // [threads]
#else
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>; // [threads]
#endif

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let t = global_id.x;
  if (t >= params.threads) {
    return;
  }
  var sum = vec4f();
  for (var i = t; i < params.count; i += params.threads) {
    #if ${v.goal}
    let difference = x[i] - goal[i];
    #else
    let difference = x[i];
    #endif
    sum += difference * difference;
  }
  partials[t] = sum;
}
`;
}
