import { HALO } from '../src/base/layout.js';
import { acrossSum, middle, moveWindow, startWindow } from './across.js';
import type { LrnVariant } from './cross_map_lrn_forward.wgsl.js';
import { operand } from './operand.js';
import { wgsl } from './wgsl.js';

/**
 * What every channel hands to the gradients of its neighbours, with d as in the forward pass:
 *   ratio[c] = dy[c] * x[c] * d[c]^-beta / d[c]
 */
export function crossMapLrnRatio(v: LrnVariant): string {
  const load = (c: string) => `block_x(picture, pixel, ${c})`;
  return wgsl`
${operand('x', 1, v.load, '[N][C4][H+2][W+2]')}
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;          // as x
@group(0) @binding(3) var<storage, read_write> ratio: array<vec4f>; // as x

fn block_x(picture: u32, pixel: u32, c: i32) -> vec4f {
  let plane = (params.H + ${2 * HALO}u) * (params.W + ${2 * HALO}u);
  let value = load_x((picture + u32(clamp(c, 0, i32(params.C4) - 1))) * plane + pixel);
  return select(vec4f(), value, c >= 0 && c < i32(params.C4));
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  if (global_id.x >= params.W || global_id.y >= params.H) {
    return;
  }
  let runs = (params.C4 + params.run - 1u) / params.run;
  let picture = global_id.z / runs * params.C4;
  let pixel = (global_id.y + ${HALO}u) * (params.W + ${2 * HALO}u) + global_id.x + ${HALO}u;
  let plane = (params.H + ${2 * HALO}u) * (params.W + ${2 * HALO}u);
  var block = i32(global_id.z % runs * params.run);
  let end = min(block + i32(params.run), i32(params.C4));
  ${startWindow(v, 'v', load)}
  for (; block < end; block++) {
    ${moveWindow(v, 'v', load)}
    let d = params.k + params.scale * (${acrossSum(v, 'v', (e) => `${e} * ${e}`)});
    let at = (picture + u32(block)) * plane + pixel;
    ratio[at] = dy[at] * ${middle(v, 'v')} * pow(d, vec4f(-params.beta)) / d;
  }
}
`;
}
