import { wgsl } from './wgsl.js';

export type LbfgsStepVariant = { clamped: boolean };

/** Takes the step and remembers where it started: x_previous = x, g_previous = g, x = clamp(x + u, low, high). */
export function lbfgsStep(v: LbfgsStepVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> u: array<vec4f>;                 // [size]
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;          // [size]
@group(0) @binding(3) var<storage, read_write> x: array<vec4f>;           // [size]
@group(0) @binding(4) var<storage, read_write> previous_x: array<vec4f>;  // [size]
@group(0) @binding(5) var<storage, read_write> previous_g: array<vec4f>;  // [size]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.size) {
    return;
  }
  let before = x[i];
  previous_x[i] = before;
  previous_g[i] = gradient[i];
  #if ${v.clamped}
  x[i] = clamp(before + u[i], vec4f(params.low), vec4f(params.high));
  #else
  x[i] = before + u[i];
  #endif
}
`;
}
