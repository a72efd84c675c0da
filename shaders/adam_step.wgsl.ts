import { wgsl } from './wgsl.js';

export type AdamVariant = {
  /** Keeps an exponential moving average of the iterates. */
  average: boolean;
  clamp: boolean;
  /**
   * The gradient is multiplied by a factor that the GPU found; where it is negative the parameter stays, and counts in the
   * average once more: the correction of averages counts all steps.
   */
  scaled: boolean;
};

/**
 * One step of Adam (Kingma & Ba, arXiv 1412.6980, algorithm 1), in place, over whole buffers:
 *   m <- beta1*m + (1-beta1)*g;  v <- beta2*v + (1-beta2)*g*g
 *   x <- clamp(x - (decayStep*x + stepSize * m / (sqrt(v)*rootScale + epsilon)))
 * with stepSize = lr/(1-beta1^t) and rootScale = 1/sqrt(1-beta2^t) computed by the host in float64, as are the
 * gains 1-beta: in f32, 1 - 0.999 is wrong by 1e-5 of itself.
 * decayStep = lr*weightDecay is the decoupled decay of AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2).
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
#if ${v.scaled}
@group(0) @binding(${v.average ? 6 : 5}) var<storage, read> factors: array<vec4f>; // [1]
#endif

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.count) {
    return;
  }
#if ${v.scaled}
  let factor = factors[0].x;
  if (factor < 0.0) {
    #if ${v.average}
    average[i] = params.decay * average[i] + params.gainAverage * parameter[i];
    #endif
    return;
  }
  let g = factor * gradient[i];
#else
  let g = gradient[i];
#endif
  let first = params.beta1 * m[i] + params.gain1 * g;
  let second = params.beta2 * v[i] + params.gain2 * g * g;
  m[i] = first;
  v[i] = second;
  let old = parameter[i];
  let step = params.stepSize * first / (sqrt(second) * params.rootScale + params.epsilon);
  var x = old - (params.decayStep * old + step);
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
