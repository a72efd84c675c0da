import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

export type SigmoidVariant = {
  /** Layout of x and y: an image's border has to be told from its pixels, since the sigmoid of 0 is not 0. */
  image: boolean;
};

/**
 * Logistic function: y = 1 / (1 + exp(-x)), zero in the padding. Computed from e = exp(-|x|), which cannot overflow:
 *   y = 1 / (1 + e) where x >= 0, else e / (1 + e)
 */
export function sigmoidForward(v: SigmoidVariant): string {
  return wgsl`
#if ${v.image}
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N][C4][H+2][W+2]
#else
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [rows][C4]
#endif
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // as x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  let C4 = (params.C + 3u) / 4u;
#if ${v.image}
  let pitch = params.W + ${2 * HALO}u;
  let plane = (params.H + ${2 * HALO}u) * pitch;
  let h = i % plane / pitch;
  let w = i % pitch;
  let inside = h >= ${HALO}u && h < params.H + ${HALO}u && w >= ${HALO}u && w < params.W + ${HALO}u;
  let c = 4u * (i / plane % C4);
#else
  let inside = true;
  let c = 4u * (i % C4);
#endif
  let real = vec4u(c, c + 1u, c + 2u, c + 3u) < vec4u(params.C);
  let value = x[i];
  let e = exp(-abs(value));
  let result = select(e, vec4f(1.0), value >= vec4f()) / (1.0 + e);
  y[i] = select(vec4f(), result, real & vec4<bool>(inside));
}
`;
}
