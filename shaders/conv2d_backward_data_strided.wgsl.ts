import { HALO } from '../src/base/layout.js';
import { type Finish, finished, finishOperands } from './finish.js';
import { wgsl } from './wgsl.js';

/**
 * Data gradient of a convolution with any stride, gathered: one thread owns one pixel of four channels of dx.
 *   dx[n,c,h,w] = sum_{k,r,s} weight[k,c,r,s] * dy[n,k,(h+pad-r)/stride,(w+pad-s)/stride]
 * over the taps for which both divisions are exact and inside dy, finished as `Finish` says.
 */
export function conv2dBackwardDataStrided(v: Finish): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [N][K4][P+2][Q+2]
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;   // flipped: [R*S][4*K4][C4]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>; // [N][C4][H+2][W+2]
${finishOperands(v, 4)}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let h = global_id.y;
  let w = global_id.x;
  if (h >= params.H || w >= params.W) {
    return;
  }
  let c4 = global_id.z % params.C4;
  let n = global_id.z / params.C4;
  let pitchY = params.Q + ${2 * HALO}u;
  let planeY = (params.P + ${2 * HALO}u) * pitchY;
  var sum = vec4f();
  for (var r = 0u; r < params.R; r++) {
    let pr = i32(h + params.pad) - i32(r);
    if (pr < 0 || u32(pr) % params.stride != 0u || u32(pr) / params.stride >= params.P) {
      continue;
    }
    for (var s = 0u; s < params.S; s++) {
      let qs = i32(w + params.pad) - i32(s);
      if (qs < 0 || u32(qs) % params.stride != 0u || u32(qs) / params.stride >= params.Q) {
        continue;
      }
      let at = (u32(pr) / params.stride + ${HALO}u) * pitchY + u32(qs) / params.stride + ${HALO}u;
      let tap = params.R * params.S - 1u - (r * params.S + s);
      for (var k4 = 0u; k4 < params.K4; k4++) {
        let value = dy[(n * params.K4 + k4) * planeY + at];
        let row = (tap * params.K4 + k4) * 4u * params.C4 + c4;
        sum += value.x * weight[row] + value.y * weight[row + params.C4]
             + value.z * weight[row + 2u * params.C4] + value.w * weight[row + 3u * params.C4];
      }
    }
  }
  let pitch = params.W + ${2 * HALO}u;
  let place = ((n * params.C4 + c4) * (params.H + ${2 * HALO}u) + h + ${HALO}u) * pitch + w + ${HALO}u;
  dx[place] = ${finished(v, 'sum', 'place')};
}
`;
}
