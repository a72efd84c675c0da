import { HALO } from '../src/base/layout.js';
import { type Load, operand } from './operand.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type GroupedVariant = {
  /** Groups are whole blocks of four channels, of x and of y: loads are shared by four outputs. */
  blocks: boolean;
  /** Neighbouring output pixels per thread. */
  tile: number;
  stride: number;
  /** The data gradient: windows are spread over y instead of x. */
  transposed: boolean;
  /** What x is read from. */
  load: Load;
  bias: boolean;
  relu: boolean;
};

/**
 * Convolution in groups of J input and K/groups output channels, first(k) = J * floor(k / (K/groups)):
 *   y[n,k,p,q] = act(bias[k] + sum_{j<J,r,s} weight[k,j,r,s] * x[n, first(k)+j, p*stride+r-top, q*stride+s-left])
 * and, transposed, with (p+top-r)/stride and (q+left-s)/stride in place of rows and columns, where these are whole.
 * One thread computes neighbouring pixels of four channels.
 */
export function groupedConv2d(v: GroupedVariant): string {
  return wgsl`
${operand('x', 1, v.load, '[N][C4][H+2][W+2]')}
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;  // [R*S][4*ceil(J/4)][K4]
#if ${v.bias}
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;    // [K4]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // [N][K4][P+2][Q+2]
#else
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N][K4][P+2][Q+2]
#endif

const TILE = ${v.tile}u;
const STRIDE = ${v.stride}u;

// Row or column of x under a tap, counted from the border; 0, which holds zeros, where there is none.
fn source(at: u32, tap: u32, before: u32, extent: u32) -> u32 {
#if ${v.transposed}
  let moved = at + before - tap;
  return select(0u, moved / STRIDE + ${HALO}u, at + before >= tap && moved % STRIDE == 0u && moved / STRIDE < extent);
#else
  let moved = at * STRIDE + tap - before;
  // Before the first pixel this wraps to a huge number: one comparison finds both ends.
  return select(0u, moved + ${HALO}u, moved < extent);
#endif
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let q0 = global_id.x * TILE;
  let p = global_id.y;
  if (q0 >= params.Q || p >= params.P) {
    return;
  }
  let k4 = global_id.z % params.K4;
  let pitch = params.W + ${2 * HALO}u;
  let plane = (params.H + ${2 * HALO}u) * pitch;
  let picture = global_id.z / params.K4 * params.C4 * plane;
  let padded = (params.inputs + 3u) / 4u * 4u;
  // The group of each of the four outputs; padding lanes, whose weights are zero, stay in the last one.
  let first = min((4u * k4 + vec4u(0u, 1u, 2u, 3u)) / params.outputs, vec4u(params.groups - 1u)) * params.inputs;
#if ${v.bias}
  let start = bias[k4];
#else
  let start = vec4f();
#endif
  ${unroll(v.tile, (i) => `var acc${i} = start;`)}
  for (var r = 0u; r < params.R; r++) {
    let row = picture + source(p, r, params.top, params.H) * pitch;
    for (var s = 0u; s < params.S; s++) {
      ${unroll(v.tile, (i) => `let at${i} = row + source(q0 + ${i}u, s, params.left, params.W);`)}
      let taps = (r * params.S + s) * padded;
#if ${v.blocks}
      for (var j = 0u; j < params.inputs; j += 4u) {
        let block = (first.x + j) / 4u * plane;
        ${unroll(4, (c) => `let w${c} = weight[(taps + j + ${c}u) * params.K4 + k4];`)}
        ${unroll(v.tile, (i) => `let v${i} = load_x(block + at${i});`)}
        ${unroll(v.tile, (i) => `acc${i} += v${i}.x * w0 + v${i}.y * w1 + v${i}.z * w2 + v${i}.w * w3;`)}
      }
#else
      for (var j = 0u; j < params.inputs; j++) {
        let channel = first + j;
        let block = channel / 4u * plane;
        let lane = channel % 4u;
        let w = weight[(taps + j) * params.K4 + k4];
        ${unroll(v.tile, (i) => `acc${i} += w * vec4f(${gathered(i)});`)}
      }
#endif
    }
  }
  let pitchY = params.Q + ${2 * HALO}u;
  let originY = (global_id.z * (params.P + ${2 * HALO}u) + p + ${HALO}u) * pitchY + q0 + ${HALO}u;
  ${unroll(v.tile, (i) => `if (q0 + ${i}u < params.Q) { y[originY + ${i}u] = ${v.relu ? `max(acc${i}, vec4f())` : `acc${i}`}; }`)}
}
`;
}

/** One channel for each of the four outputs, at pixel i. */
function gathered(i: number): string {
  return unroll(4, (c) => `load_x(block[${c}] + at${i})[lane[${c}]]`, ', ');
}
