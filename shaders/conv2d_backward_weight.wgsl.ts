import { HALO } from '../src/base/layout.js';
import { type Load, operand } from './operand.js';
import { fullGrid } from './triangle.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type ConvWeightGradientVariant = {
  /** The block that one thread accumulates: pairs of tap and input channel block, and output channel blocks (vec4). */
  rows: number;
  columns: number;
  /** Pixels between two updates of the sums. */
  steps: number;
  /** Lanes of a subgroup, each with its own pixels and summed at the end; 0: a thread owns a block alone. */
  lanes: number;
  workgroup: number;
  /** The border of one zero pixel covers every window, so that no load needs a bounds check. */
  inside: boolean;
  /** What both are read from. */
  load: Load;
};

/**
 * Weight gradient of a convolution, over a range of the output pixels of all pictures (partial_sum adds the ranges):
 *   partials[split,r,s,c,k] = sum_{(n,p,q) in split} x[n,c, p*stride+r-pad, q*stride+s-pad] * dy[n,k,p,q]
 * A matrix product whose rows are (r,s,c) and whose columns are k: the order of the layout `filter`.
 */
export function conv2dBackwardWeight(v: ConvWeightGradientVariant): string {
  const count = 4 * v.rows * v.columns;
  const stride = Math.max(1, v.lanes);
  return wgsl`
#if ${v.lanes > 0}
enable subgroups;
#endif
${operand('x', 1, v.load, '[N][C4][H+2][W+2]')}
${operand('dy', 2, v.load, '[N][K4][P+2][Q+2]')}
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>; // [chunks][R*S][4*C4][K4]

const ROWS = ${v.rows}u;
const COLUMNS = ${v.columns}u;

@compute @workgroup_size(${v.workgroup})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let group = workgroup_id.z * params.gridX + workgroup_id.x;
#if ${v.lanes > 0}
  let block = group;
  let lane = local_id.x;
#else
  let block = group * ${v.workgroup}u + local_id.x;
  let lane = 0u;
#endif
  let width = (params.K4 + COLUMNS - 1u) / COLUMNS;
  ${fullGrid()}
  let taps = params.R * params.S * params.C4;
  if (row * ROWS >= taps) {
    return;
  }
  let pitchX = params.W + ${2 * HALO}u;
  let planeX = (params.H + ${2 * HALO}u) * pitchX;
  let pitchY = params.Q + ${2 * HALO}u;
  let planeY = (params.P + ${2 * HALO}u) * pitchY;
  // Blocks past the last row or column read the last one again and store nothing.
  ${unroll(v.rows, (i) => rowPlace(v, i))}
  ${unroll(v.columns, (j) => `let column${j} = min(column * COLUMNS + ${j}u, params.K4 - 1u) * planeY;`)}

  // A pixel's place is carried along, since three divisions for each would cost as much as its products.
  let area = params.P * params.Q;
  let pixels = params.N * area;
  var i = workgroup_id.y * params.chunk + lane;
  let end = min((workgroup_id.y + 1u) * params.chunk, pixels);
  var n = i / area;
  var p = i % area / params.Q;
  var q = i % params.Q;
  let stepN = ${stride}u / area;
  let stepP = ${stride}u % area / params.Q;
  let stepQ = ${stride}u % params.Q;

  ${unroll(count, (e) => `var acc${e} = vec4f();`)}
  let turns = (params.chunk + ${stride * v.steps - 1}u) / ${stride * v.steps}u;
  for (var turn = 0u; turn < turns; turn++) {
    ${unroll(v.steps, (step) => loads(v, step, stride))}
    ${unroll(count, (e) => product(v, e))}
  }

  var sums = array<vec4f, ${count}>(${unroll(count, (e) => `acc${e}`, ', ')});
  for (var e = 0u; e < ${count}u; e++) {
    var sum = sums[e];
    ${unroll(Math.log2(stride), (bit) => `sum += subgroupShuffleXor(sum, ${2 ** bit}u);`)}
    let channel = row * 4u * ROWS + e / COLUMNS;
    let k = column * COLUMNS + e % COLUMNS;
    if (lane == 0u && channel < 4u * taps && k < params.K4) {
      partials[(workgroup_id.y * 4u * taps + channel) * params.K4 + k] = sum;
    }
  }
}
`;
}

/** Where row i of the block lies in x, relative to a pixel's window. */
function rowPlace(v: ConvWeightGradientVariant, i: number): string {
  return `let tap${i} = min(row * ROWS + ${i}u, taps - 1u);
  let r${i} = tap${i} / params.C4 / params.S;
  let s${i} = tap${i} / params.C4 % params.S;
  let plane${i} = tap${i} % params.C4 * planeX;
  ${v.inside ? `let row${i} = plane${i} + (r${i} + ${HALO}u - params.pad) * pitchX + s${i} + ${HALO}u - params.pad;` : ''}`;
}

/** Loads of one pixel, and the way on to the next. Beyond the end dy is read where its border is zero. */
function loads(v: ConvWeightGradientVariant, step: number, stride: number): string {
  const x = (i: number) =>
    v.inside
      ? `load_x(x${step} + row${i})`
      : `load_x(x${step} + plane${i} + u32(clamp(top${step} + i32(r${i}), -1, i32(params.H)) + ${HALO}) * pitchX + u32(clamp(left${step} + i32(s${i}), -1, i32(params.W)) + ${HALO}))`;
  return `let live${step} = i < end;
    let y${step} = select(0u, n * params.K4 * planeY + (p + ${HALO}u) * pitchY + q + ${HALO}u, live${step});
    ${
      v.inside
        ? `let x${step} = select(0u, n * params.C4 * planeX + (p * pitchX + q) * params.stride, live${step});`
        : `let x${step} = select(0u, n * params.C4 * planeX, live${step});
    let top${step} = i32(p * params.stride) - i32(params.pad);
    let left${step} = i32(q * params.stride) - i32(params.pad);`
    }
    ${unroll(v.rows, (i) => `let u${step}_${i} = ${x(i)};`)}
    ${unroll(v.columns, (j) => `let w${step}_${j} = load_dy(y${step} + column${j});`)}
    i += ${stride}u;
    q += stepQ;
    p += stepP + select(0u, 1u, q >= params.Q);
    q = select(q, q - params.Q, q >= params.Q);
    n += stepN + select(0u, 1u, p >= params.P);
    p = select(p, p - params.P, p >= params.P);`;
}

/** Accumulator e holds lane e / columns % 4 of row e / columns / 4 and column e % columns. */
function product(v: ConvWeightGradientVariant, e: number): string {
  const channel = Math.floor(e / v.columns);
  const terms = unroll(
    v.steps,
    (step) => `u${step}_${channel >> 2}.${'xyzw'[channel & 3]} * w${step}_${e % v.columns}`,
    ' + ',
  );
  return `acc${e} = acc${e} + ${terms};`;
}
