import { wgsl } from './wgsl.js';

export type LbfgsCombineVariant = {
  /** The first group of slots starts from the gradient, the others from the sum so far. */
  first: boolean;
};

/** Step from coefficients: u = cg*g (or u) + sum_j cs[j]*S_j + cy[j]*Y_j over the slots of one group. */
export function lbfgsCombine(v: LbfgsCombineVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> coefficients: array<f32>;  // cs [total], cy [total], cg
@group(0) @binding(2) var<storage, read> S: array<vec4f>;           // [slots][size]
@group(0) @binding(3) var<storage, read> Y: array<vec4f>;           // [slots][size]
#if ${v.first}
@group(0) @binding(4) var<storage, read> gradient: array<vec4f>;    // [size]
@group(0) @binding(5) var<storage, read_write> u: array<vec4f>;     // [size]
#else
@group(0) @binding(4) var<storage, read_write> u: array<vec4f>;     // [size]
#endif

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.size) {
    return;
  }
#if ${v.first}
  var sum = coefficients[2u * params.total] * gradient[i];
#else
  var sum = u[i];
#endif
  for (var j = 0u; j < params.slots; j++) {
    let at = j * params.size + i;
    sum += coefficients[params.first + j] * S[at] + coefficients[params.total + params.first + j] * Y[at];
  }
  u[i] = sum;
}
`;
}
