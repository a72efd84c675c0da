import { wgsl } from './wgsl.js';

/**
 * Inner products of the rows of each block, b = i / n, j = 0..n-1:
 *   products[i, j] = (<x_i, x_bj>, <x_i, t_bj>, <t_i, t_bj>)   with bj = b*n + j
 */
export function gramErrorProducts(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;              // [M][C4]
@group(0) @binding(2) var<storage, read> goal: array<vec4f>;           // [M][C4]
@group(0) @binding(3) var<storage, read_write> products: array<vec4f>; // [M][n]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let at = global_id.x + global_id.y * params.stride;
  if (at >= params.count) {
    return;
  }
  let i = at / params.n;
  let other = (i / params.n * params.n + at % params.n) * params.C4;
  let own = i * params.C4;
  var xx = vec4f();
  var xt = vec4f();
  var tt = vec4f();
  for (var c = 0u; c < params.C4; c++) {
    let a = x[own + c];
    let b = goal[other + c];
    xx += a * x[other + c];
    xt += a * b;
    tt += goal[own + c] * b;
  }
  products[at] = vec4f(
    (xx.x + xx.y) + (xx.z + xx.w),
    (xt.x + xt.y) + (xt.z + xt.w),
    (tt.x + tt.y) + (tt.z + tt.w),
    0.0,
  );
}
`;
}
