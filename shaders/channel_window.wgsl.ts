import { HALO } from '../src/base/layout.js';
import { shiftedLanes } from './channel-shift.js';
import { wgsl } from './wgsl.js';

export type ChannelWindowVariant = {
  /** Blocks of y are blocks of x: begin - before is a multiple of 4. */
  aligned: boolean;
};

/**
 * A range of channels, from the middle of each map where y is smaller; zero where x has no such channel:
 *   y[n,c,p,q] = x[n, c+begin-before, p+top, q+left],   top = floor((H - P) / 2), left = floor((W - Q) / 2)
 * With begin it cuts channels out, with before it puts them back among zeros.
 */
export function channelWindow(v: ChannelWindowVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [N][K4][P+2][Q+2]

#if ${!v.aligned}
${shiftedLanes()}
#endif
fn load(n: u32, block: i32, at: u32) -> vec4f {
  // A block before the first wraps to a huge number: one comparison finds both ends.
  let inside = u32(block) < params.C4;
  let plane = (params.H + ${2 * HALO}u) * (params.W + ${2 * HALO}u);
  return select(vec4f(), x[(n * params.C4 + select(0u, u32(block), inside)) * plane + at], inside);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let q = global_id.x;
  let p = global_id.y;
  if (q >= params.Q || p >= params.P) {
    return;
  }
  let K4 = (params.K + 3u) / 4u;
  let n = global_id.z / K4;
  let c = global_id.z % K4 * 4u;
  let h = p + (params.H - params.P) / 2u + ${HALO}u;
  let w = q + (params.W - params.Q) / 2u + ${HALO}u;
  let at = h * (params.W + ${2 * HALO}u) + w;
  let first = i32(c + params.begin) - i32(params.before);
#if ${v.aligned}
  let value = load(n, first >> 2u, at);
#else
  let value = shifted(load(n, first >> 2u, at), load(n, (first >> 2u) + 1, at), u32(first) & 3u);
#endif
  let real = vec4u(c, c + 1u, c + 2u, c + 3u) < vec4u(params.K);
  y[(global_id.z * (params.P + ${2 * HALO}u) + p + ${HALO}u) * (params.Q + ${2 * HALO}u) + q + ${HALO}u]
    = select(vec4f(), value, real);
}
`;
}
