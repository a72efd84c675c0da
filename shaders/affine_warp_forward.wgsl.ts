import { HALO } from '../src/base/layout.js';
import { positionFunction, type WarpVariant } from './affine.js';
import { wgsl } from './wgsl.js';

/**
 * Bilinear samples along an affine map; whole numbers are the centres of pixels:
 *   y[n,c,p,q] = x[n,c,v,u],  (u,v) = matrix[n] (q,p,1)
 */
export function affineWarpForward(v: WarpVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N or 1][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> matrix: array<vec4f>;  // [N][2], three values and a padding lane
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N][C4][P+2][Q+2]

${positionFunction(v)}

// The pixel, counted from the border; outside of the picture the border, whose pixels are zero.
fn pixel(i: i32, extent: u32) -> u32 {
#if ${v.mode === 'zero'}
  return u32(clamp(i, -1, i32(extent)) + ${HALO});
#else
  return u32(clamp(i, 0, i32(extent) - 1) + ${HALO});
#endif
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let q = global_id.x;
  let p = global_id.y;
  if (q >= params.Q || p >= params.P) {
    return;
  }
  let n = global_id.z / params.C4;
  let u = position(matrix[2u * n], q, p, params.W);
  let v = position(matrix[2u * n + 1u], q, p, params.H);
  let left = pixel(i32(floor(u)), params.W);
  let right = pixel(i32(floor(u)) + 1, params.W);
  let pitch = params.W + ${2 * HALO}u;
  let plane = (n * params.each * params.C4 + global_id.z % params.C4) * (params.H + ${2 * HALO}u) * pitch;
  let top = plane + pixel(i32(floor(v)), params.H) * pitch;
  let bottom = plane + pixel(i32(floor(v)) + 1, params.H) * pitch;
  let du = u - floor(u);
  let dv = v - floor(v);
  let above = (1.0 - du) * x[top + left] + du * x[top + right];
  let below = (1.0 - du) * x[bottom + left] + du * x[bottom + right];
  let pitchY = params.Q + ${2 * HALO}u;
  y[(global_id.z * (params.P + ${2 * HALO}u) + p + ${HALO}u) * pitchY + q + ${HALO}u] = (1.0 - dv) * above + dv * below;
}
`;
}
