import { HALO } from '../src/base/layout.js';
import { type OuterTile, outerMemory, outerPlace, outerSums, outerThreads } from './outer_tile.js';
import { fullGrid } from './triangle.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type ConvWeightGradientTiledVariant = OuterTile & {
  /** The border of one zero pixel covers every window, so that no load needs a bounds check. */
  inside: boolean;
};

/**
 * Weight gradient of a convolution, as conv2d_backward_weight, by tiles of (r,s,c) times k:
 *   partials[split,r,s,c,k] = sum_{(n,p,q) in split} x[n,c, p*stride+r-pad, q*stride+s-pad] * dy[n,k,p,q]
 */
export function conv2dBackwardWeightTiled(v: ConvWeightGradientTiledVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;  // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>; // [N][K4][P+2][Q+2]
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>; // [chunks][R*S][4*C4][K4]

${outerMemory(v)}

// Four input channels of the tap under output pixel i; rows past the last read the last one again.
fn x_at(i: u32, row: u32) -> vec4f {
  let tap = min(row, params.R * params.S * params.C4 - 1u);
  let r = tap / params.C4 / params.S;
  let s = tap / params.C4 % params.S;
  let area = params.P * params.Q;
  let at = min(i, params.N * area - 1u);
  let plane = (at / area * params.C4 + tap % params.C4) * (params.H + ${2 * HALO}u);
  let pitch = params.W + ${2 * HALO}u;
#if ${v.inside}
  let y = at % area / params.Q * params.stride + r + ${HALO}u - params.pad;
  let x0 = at % params.Q * params.stride + s + ${HALO}u - params.pad;
  return x[(plane + y) * pitch + x0];
#else
  // Whatever lies outside the picture is the zero of its border.
  let y = clamp(i32(at % area / params.Q * params.stride + r) - i32(params.pad), -1, i32(params.H));
  let x0 = clamp(i32(at % params.Q * params.stride + s) - i32(params.pad), -1, i32(params.W));
  return x[(plane + u32(y + ${HALO})) * pitch + u32(x0 + ${HALO})];
#endif
}

// Four output channels of pixel i; zero from \`end\` on.
fn dy_at(i: u32, end: u32, block: u32) -> vec4f {
  let area = params.P * params.Q;
  let row = (i / area * params.K4 + min(block, params.K4 - 1u)) * (params.P + ${2 * HALO}u) + i % area / params.Q + ${HALO}u;
  // The first pixel of the border is zero.
  return dy[select(0u, row * (params.Q + ${2 * HALO}u) + i % params.Q + ${HALO}u, i < end)];
}

@compute @workgroup_size(${outerThreads(v)})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let block = workgroup_id.z * params.gridX + workgroup_id.x;
  let width = (params.K4 + ${v.columns - 1}u) / ${v.columns}u;
  ${fullGrid()}
  let row0 = row * ${v.rows}u;
  let column0 = column * ${v.columns}u;
  let taps = params.R * params.S * params.C4;
  let begin = workgroup_id.y * params.chunk;
  let end = min(begin + params.chunk, params.N * params.P * params.Q);
  let turns = (params.chunk + ${v.depth - 1}u) / ${v.depth}u;

  ${outerSums(
    v,
    { at: (step, vec4) => `x_at(begin + ${step}, row0 + ${vec4})`, along: 'steps' },
    { at: (step, vec4) => `dy_at(begin + ${step}, end, column0 + ${vec4})`, along: 'steps' },
    'turns',
  )}

  ${unroll(4 * v.perRow * v.perColumn, (e) => {
    const place = outerPlace(v, e);
    return `{
    let channel = 4u * row0 + ${place.row};
    let k = column0 + ${place.column};
    if (channel < 4u * taps && k < params.K4) {
      partials[(workgroup_id.y * 4u * taps + channel) * params.K4 + k] = acc${e};
    }
  }`;
  })}
}
`;
}
