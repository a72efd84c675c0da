import { HALO } from '../src/base/layout.js';
import { type AcrossVariant, acrossSum, middle, moveWindow, startWindow } from './across.js';
import type { LrnVariant } from './cross_map_lrn_forward.wgsl.js';
import { operand } from './operand.js';
import { wgsl } from './wgsl.js';

/**
 * Gradient of the normalisation, with d as in the forward pass and ratio as computed before:
 *   dx[c] = dy[c] * d[c]^-beta - 2*alpha*beta/size * x[c] * sum_{c-after <= j <= c+before} ratio[j]
 */
export function crossMapLrnBackward(v: LrnVariant): string {
  // Channel j has c in its window where c has j in the mirrored one.
  const mirrored: AcrossVariant = { before: v.after, after: v.before };
  const loadX = (c: string) => `block_x(picture, pixel, ${c})`;
  const loadRatio = (c: string) => `block_ratio(picture, pixel, ${c})`;
  return wgsl`
${operand('x', 1, v.load, '[N][C4][H+2][W+2]')}
${operand('ratio', 2, v.load, 'as x')}
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;       // as x
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>; // as x

fn index(picture: u32, pixel: u32, c: i32) -> u32 {
  let plane = (params.H + ${2 * HALO}u) * (params.W + ${2 * HALO}u);
  return (picture + u32(clamp(c, 0, i32(params.C4) - 1))) * plane + pixel;
}

fn block_x(picture: u32, pixel: u32, c: i32) -> vec4f {
  return select(vec4f(), load_x(index(picture, pixel, c)), c >= 0 && c < i32(params.C4));
}

fn block_ratio(picture: u32, pixel: u32, c: i32) -> vec4f {
  return select(vec4f(), load_ratio(index(picture, pixel, c)), c >= 0 && c < i32(params.C4));
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  if (global_id.x >= params.W || global_id.y >= params.H) {
    return;
  }
  let runs = (params.C4 + params.run - 1u) / params.run;
  let picture = global_id.z / runs * params.C4;
  let pixel = (global_id.y + ${HALO}u) * (params.W + ${2 * HALO}u) + global_id.x + ${HALO}u;
  var block = i32(global_id.z % runs * params.run);
  let end = min(block + i32(params.run), i32(params.C4));
  ${startWindow(v, 'v', loadX)}
  ${startWindow(mirrored, 'u', loadRatio)}
  for (; block < end; block++) {
    ${moveWindow(v, 'v', loadX)}
    ${moveWindow(mirrored, 'u', loadRatio)}
    let d = params.k + params.scale * (${acrossSum(v, 'v', (e) => `${e} * ${e}`)});
    let at = index(picture, pixel, block);
    dx[at] = dy[at] * pow(d, vec4f(-params.beta))
           - 2.0 * params.beta * params.scale * ${middle(v, 'v')} * (${acrossSum(mirrored, 'u', (e) => e)});
  }
}
`;
}
