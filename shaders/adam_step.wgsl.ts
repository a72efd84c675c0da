import { wgsl } from './wgsl.js';

export type AdamVariant = {
  /** Keeps an exponential moving average of the iterates. */
  average: boolean;
  clamp: boolean;
};

/**
 * One step of Adam (Kingma & Ba, arXiv 1412.6980, algorithm 1), in place, over whole buffers:
 *   m <- beta1*m + (1-beta1)*g;  v <- beta2*v + (1-beta2)*g*g
 *   x <- clamp(x - stepSize * m / (sqrt(v)*rootScale + epsilon))
 * with stepSize = lr/(1-beta1^t) and rootScale = 1/sqrt(1-beta2^t) computed by the host in float64, as are the
 * gains 1-beta: in f32, 1 - 0.999 is wrong by 1e-5 of itself.
 * Zero borders have zero gradients and stay zero.
 */
export function adamStep(v: AdamVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;        // any layout
@group(0) @binding(2) var<storage, read_write> parameter: array<vec4f>; // as gradient
@group(0) @binding(3) var<storage, read_write> m: array<vec4f>;         // as gradient
@group(0) @binding(4) var<storage, read_write> v: array<vec4f>;         // as gradient
#if ${v.average}
@group(0) @binding(5) var<storage, read_write> average: array<vec4f>;   // as gradient
#endif

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  let g = gradient[i];
  let first = params.beta1 * m[i] + params.gain1 * g;
  let second = params.beta2 * v[i] + params.gain2 * g * g;
  m[i] = first;
  v[i] = second;
  var x = parameter[i] - params.stepSize * first / (sqrt(second) * params.rootScale + params.epsilon);
  #if ${v.clamp}
  x = clamp(x, vec4f(params.low), vec4f(params.high));
  #endif
  parameter[i] = x;
  #if ${v.average}
  average[i] = params.decay * average[i] + params.gainAverage * x;
  #endif
}
`;
}
