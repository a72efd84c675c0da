import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

export type ReduceSumBackwardVariant = { image: boolean };

/** Gradient of a sum: dx = scale*dy[0] at every element, and zero in the padding. */
export function reduceSumBackward(v: ReduceSumBackwardVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [1]
#if ${v.image}
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>; // [N][C4][H+2][W+2]
#else
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>; // [rows][C4]
#endif

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
  dx[i] = select(vec4f(), vec4f(params.scale * dy[0].x), real & vec4<bool>(inside));
}
`;
}
