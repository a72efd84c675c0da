import { HALO } from '../src/base/layout.js';
import { shiftedLanes } from './channel-shift.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type ConcatVariant = {
  /** How many inputs are bound. */
  inputs: number;
  /** Every input begins with a block of its own: all channel counts but the last are multiples of 4. */
  aligned: boolean;
};

/**
 * Images one behind the other along the channels, each centred in zeros where it is smaller than the result:
 *   y[n,c,h,w] = x_i[n, c-start_i, h-top_i, w-left_i],   start_i <= c < end_i
 * with top_i = floor((H - H_i) / 2), left_i likewise, and zero where the pixel lies outside x_i.
 */
export function concatForward(v: ConcatVariant): string {
  return wgsl`
${unroll(v.inputs, (i) => `@group(0) @binding(${i + 1}) var<storage, read> x${i}: array<vec4f>;       // [N][C4_${i}][H_${i}+2][W_${i}+2]`, '\n')}
@group(0) @binding(${v.inputs + 1}) var<storage, read_write> y: array<vec4f>; // [N][C4][H+2][W+2]

#if ${!v.aligned}
${shiftedLanes()}
#endif
// Rows and columns outside end in the zero border, those too that wrap around before the first.
fn centred(at: u32, size: u32, extent: u32) -> u32 {
  return min(at + ${HALO}u - (size - extent) / 2u, extent + ${HALO}u);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let w = global_id.x;
  let h = global_id.y;
  if (w >= params.W || h >= params.H) {
    return;
  }
  let C4 = (params.end${v.inputs - 1} + 3u) / 4u;
  let n = global_id.z / C4;
  let c = global_id.z % C4 * 4u;
  var value = vec4f();
  ${unroll(v.inputs, (i) => part(i, v.aligned), '\n  ')}
  y[(global_id.z * (params.H + ${2 * HALO}u) + h + ${HALO}u) * (params.W + ${2 * HALO}u) + w + ${HALO}u] = value;
}
`;
}

/** What input i has of the block that begins with channel c. */
function part(i: number, aligned: boolean): string {
  const start = i === 0 ? '0u' : `params.end${i - 1}`;
  const [H, W] = [`params.H${i}`, `params.W${i}`];
  const load = (block: string) => `x${i}[(n * blocks + ${block}) * plane + at]`;
  return `if (c < params.end${i} && c + 4u > ${start}) {
    let blocks = (params.end${i} - ${start} + 3u) / 4u;
    let plane = (${H} + ${2 * HALO}u) * (${W} + ${2 * HALO}u);
    let at = centred(h, params.H, ${H}) * (${W} + ${2 * HALO}u) + centred(w, params.W, ${W});
    ${aligned ? `value = ${load(`(c - ${start}) / 4u`)};` : straddling(start, load)}
  }`;
}

/** The same where the input may begin or end inside the block; lanes beyond its ends are zero. */
function straddling(start: string, load: (block: string) => string): string {
  return `let first = i32(c) - i32(${start});
    let block = first >> 2u;
    let before = select(${load('u32(max(block, 0))')}, vec4f(), block < 0);
    let behind = select(${load('min(u32(block + 1), blocks - 1u)')}, vec4f(), u32(block + 1) >= blocks);
    value += shifted(before, behind, u32(first) & 3u);`;
}
