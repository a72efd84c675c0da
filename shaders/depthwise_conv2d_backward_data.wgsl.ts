import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

export type DepthwiseBackwardVariant = {
  /** Step between windows: a literal, so that divisions vanish. */
  stride: number;
};

/**
 * Data gradient of a depthwise convolution with any stride, gathered: one thread owns one pixel of four channels.
 *   dx[n,c,h,w] = sum_{(p,q) whose window contains (h,w)} weight[c,0,h+top-p*stride,w+left-q*stride] * dy[n,c,p,q]
 */
export function depthwiseConv2dBackwardData(v: DepthwiseBackwardVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [N][C4][P+2][Q+2]
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;   // [R*S][4][C4], channel 0 of each four
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>; // [N][C4][H+2][W+2]

const STRIDE = ${v.stride}u;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let w = global_id.x;
  let h = global_id.y;
  if (w >= params.W || h >= params.H) {
    return;
  }
  let c4 = global_id.z % params.C4;
  let pitchY = params.Q + ${2 * HALO}u;
  let originY = (global_id.z * (params.P + ${2 * HALO}u) + ${HALO}u) * pitchY + ${HALO}u;
  // First window that contains this pixel, and the first behind those that do.
  let p0 = (max(h + params.top + 1u, params.R) - params.R + STRIDE - 1u) / STRIDE;
  let q0 = (max(w + params.left + 1u, params.S) - params.S + STRIDE - 1u) / STRIDE;
  let p1 = min((h + params.top) / STRIDE + 1u, params.P);
  let q1 = min((w + params.left) / STRIDE + 1u, params.Q);
  var sum = vec4f();
  for (var p = p0; p < p1; p++) {
    for (var q = q0; q < q1; q++) {
      let tap = (h + params.top - p * STRIDE) * params.S + w + params.left - q * STRIDE;
      sum += weight[4u * tap * params.C4 + c4] * dy[originY + p * pitchY + q];
    }
  }
  let pitch = params.W + ${2 * HALO}u;
  dx[(global_id.z * (params.H + ${2 * HALO}u) + h + ${HALO}u) * pitch + w + ${HALO}u] = sum;
}
`;
}
