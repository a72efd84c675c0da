import { HALO } from '../src/base/layout.js';
import { positionFunction, type WarpVariant } from './affine.js';
import { wgsl } from './wgsl.js';

/**
 * Gradient of an affine warp to the picture, gathered: one thread owns one pixel of four channels of dx:
 *   dx[n,c,h,w] = sum_{p,q} max(0, 1 - |u - w|) * max(0, 1 - |v - h|) * dy[n,c,p,q],  (u,v) = matrix[n] (q,p,1)
 * over the few (p,q) whose samples may lie within a pixel of (w,h); with one picture for all n, over all n too.
 */
export function affineWarpBackward(v: WarpVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> matrix: array<vec4f>;   // [N][2], three values and a padding lane
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;       // [N][C4][P+2][Q+2]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>; // [N or 1][C4][H+2][W+2]

// Beyond every position.
const FAR = 1e15;

${positionFunction(v)}

// Bounds of the positions that reach pixel i.
fn reach(i: u32, extent: u32) -> vec2f {
#if ${v.mode === 'zero'}
  return vec2f(f32(i) - 1.0, f32(i) + 1.0);
#else
  return vec2f(select(f32(i) - 1.0, -FAR, i == 0u), select(f32(i) + 1.0, FAR, i + 1u == extent));
#endif
}

// How far rounding may move a position along one row of the matrix: far more than it does.
fn slack(row: vec4f, extent: u32) -> f32 {
  let largest = abs(row.x) * f32(params.Q) + abs(row.y) * f32(params.P) + abs(row.z) + f32(extent);
  return 0x1p-18f * largest;
}

// First and last of extent whole numbers between two bounds that may be off by rounding; empty where first > last.
fn within(low: f32, high: f32, extent: u32) -> vec2i {
  let last = f32(extent) - 1.0;
  return vec2i(vec2f(clamp(floor(low) - 1.0, 0.0, last + 1.0), clamp(ceil(high) + 1.0, -1.0, last)));
}

// The q for which row (q,p,1) may lie between bounds.
fn columns(row: vec4f, p: u32, bounds: vec2f, error: f32) -> vec2i {
  let start = row.y * f32(p) + row.z;
  if (abs(row.x) * f32(params.Q) <= error) {
    let hit = start >= bounds.x - 2.0 * error && start <= bounds.y + 2.0 * error;
    return select(vec2i(1, 0), vec2i(0, i32(params.Q) - 1), hit);
  }
  let a = (bounds.x - error - start) / row.x;
  let b = (bounds.y + error - start) / row.x;
  return within(min(a, b), max(a, b), params.Q);
}

// The p of all outputs that may lie between bounds in u and in v, by the inverse matrix; all where it has none.
fn rows(row0: vec4f, row1: vec4f, u: vec2f, v: vec2f, error: vec2f) -> vec2i {
  let determinant = row0.x * row1.y - row0.y * row1.x;
  if (!(abs(determinant) > 1e-3 * (abs(row0.x * row1.y) + abs(row0.y * row1.x)))) {
    return vec2i(0, i32(params.P) - 1);
  }
  let du = -row1.x / determinant * (u + vec2f(-error.x, error.x) - row0.z);
  let dv = row0.x / determinant * (v + vec2f(-error.y, error.y) - row1.z);
  // A determinant that is a thousandth of its terms errs by 2^-13 of itself.
  let low = min(du.x, du.y) + min(dv.x, dv.y);
  let high = max(du.x, du.y) + max(dv.x, dv.y);
  let error_p = 0x1p-11f * (max(abs(du.x), abs(du.y)) + max(abs(dv.x), abs(dv.y)));
  return within(low - error_p, high + error_p, params.P);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let w = global_id.x;
  let h = global_id.y;
  if (w >= params.W || h >= params.H) {
    return;
  }
  let c4 = global_id.z % params.C4;
  let first = select(0u, global_id.z / params.C4, params.each == 1u);
  let end = select(params.N, first + 1u, params.each == 1u);
  let u_bounds = reach(w, params.W);
  let v_bounds = reach(h, params.H);
  let pitchY = params.Q + ${2 * HALO}u;
  var sum = vec4f();
  for (var n = first; n < end; n++) {
    let row0 = matrix[2u * n];
    let row1 = matrix[2u * n + 1u];
    let error = vec2f(slack(row0, params.W), slack(row1, params.H));
    let plane = ((n * params.C4 + c4) * (params.P + ${2 * HALO}u) + ${HALO}u) * pitchY + ${HALO}u;
    let ps = rows(row0, row1, u_bounds, v_bounds, error);
    for (var p = ps.x; p <= ps.y; p++) {
      let by_u = columns(row0, u32(p), u_bounds, error.x);
      let by_v = columns(row1, u32(p), v_bounds, error.y);
      for (var q = max(by_u.x, by_v.x); q <= min(by_u.y, by_v.y); q++) {
        let u = position(row0, u32(q), u32(p), params.W);
        let v = position(row1, u32(q), u32(p), params.H);
        let weight = max(0.0, 1.0 - abs(u - f32(w))) * max(0.0, 1.0 - abs(v - f32(h)));
        if (weight > 0.0) {
          sum += weight * dy[plane + u32(p) * pitchY + u32(q)];
        }
      }
    }
  }
  let pitch = params.W + ${2 * HALO}u;
  dx[(global_id.z * (params.H + ${2 * HALO}u) + h + ${HALO}u) * pitch + w + ${HALO}u] = sum;
}
`;
}
