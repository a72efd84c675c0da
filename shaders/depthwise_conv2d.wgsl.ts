import { HALO } from '../src/base/layout.js';
import { type Load, operand } from './operand.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type DepthwiseVariant = {
  /** Window: rows and columns. */
  r: number;
  s: number;
  /** Output rows and columns per thread; one row goes over the window's rows in a loop, more are written out. */
  tileP: number;
  tileQ: number;
  stride: number;
  /** The filter turned by 180 degrees: the data gradient of stride 1. */
  flip: boolean;
  /** The border of one zero pixel covers every window, so that no load needs a bounds check. */
  inside: boolean;
  /** What x is read from. */
  load: Load;
  bias: boolean;
  relu: boolean;
};

/**
 * Convolution of each channel with a filter of its own, with bias and ReLU:
 *   y[n,c,p,q] = act(bias[c] + sum_{r,s} weight[c,0,r,s] * x[n,c, p*stride+r-top, q*stride+s-left])
 * One thread computes tileP x tileQ pixels of four channels, so that neighbours share their loads.
 */
export function depthwiseConv2d(v: DepthwiseVariant): string {
  const rows = (v.tileP - 1) * v.stride + v.r;
  return wgsl`
${operand('x', 1, v.load, '[N][C4][H+2][W+2]')}
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;  // [R*S][4][C4], channel 0 of each four
#if ${v.bias}
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;    // [C4]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // [N][C4][P+2][Q+2]
#else
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N][C4][P+2][Q+2]
#endif

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let q0 = global_id.x * ${v.tileQ}u;
  let p0 = global_id.y * ${v.tileP}u;
  if (q0 >= params.Q || p0 >= params.P) {
    return;
  }
  let c4 = global_id.z % params.C4;
  let pitch = params.W + ${2 * HALO}u;
  let plane = global_id.z * (params.H + ${2 * HALO}u) * pitch;
#if ${v.bias}
  let start = bias[c4];
#else
  let start = vec4f();
#endif
  ${unroll(v.tileP * v.tileQ, (i) => `var acc${i} = start;`)}
#if ${v.inside}
  let origin = plane + (p0 * ${v.stride}u + ${HALO}u - params.top) * pitch + q0 * ${v.stride}u + ${HALO}u - params.left;
#else
  let iy = i32(p0 * ${v.stride}u) - i32(params.top);
  let ix = i32(q0 * ${v.stride}u) - i32(params.left);
#endif
#if ${v.tileP > 1}
  ${unroll(v.r, (r) => loadWeights(v, r, `${r}u`))}
  ${unroll(rows, (row) => `${loadRow(v, row, `${row}u`)}\n${unroll(v.tileP, (p) => products(v, row, p))}`)}
#else
  for (var r = 0u; r < ${v.r}u; r++) {
    ${loadWeights(v, 0, 'r')}
    ${loadRow(v, 0, 'r')}
    ${products(v, 0, 0)}
  }
#endif

  let pitchY = params.Q + ${2 * HALO}u;
  let originY = (global_id.z * (params.P + ${2 * HALO}u) + p0 + ${HALO}u) * pitchY + q0 + ${HALO}u;
  ${unroll(v.tileP * v.tileQ, (i) => storePixel(v, i))}
}
`;
}

/** Lets `w<row>_<s>` hold the taps of one row of the filter, whose number in WGSL is `r`. */
function loadWeights(v: DepthwiseVariant, row: number, r: string): string {
  const tap = (s: number) =>
    v.flip ? `(${v.r * v.s - 1 - s}u - ${r} * ${v.s}u)` : `(${r} * ${v.s}u + ${s}u)`;
  return unroll(v.s, (s) => `let w${row}_${s} = weight[4u * ${tap(s)} * params.C4 + c4];`);
}

/** Lets `v<row>_<column>` hold the pixels of one row of x under the thread's windows, the `r`-th from the top. */
function loadRow(v: DepthwiseVariant, row: number, r: string): string {
  const line = v.inside
    ? `let line${row} = origin + ${r} * pitch;`
    : `let line${row} = plane + u32(clamp(iy + i32(${r}), -1, i32(params.H)) + 1) * pitch;`;
  const at = (column: number) =>
    v.inside ? `${column}u` : `u32(clamp(ix + ${column}, -1, i32(params.W)) + 1)`;
  const columns = (v.tileQ - 1) * v.stride + v.s;
  return `${line}\n${unroll(columns, (c) => `let v${row}_${c} = load_x(line${row} + ${at(c)});`)}`;
}

/** Adds what a row of x gives to the p-th row of outputs, if its windows reach that far. */
function products(v: DepthwiseVariant, row: number, p: number): string {
  const r = row - p * v.stride;
  if (r < 0 || r >= v.r) return '';
  return unroll(v.tileQ * v.s, (i) => {
    const [q, s] = [Math.floor(i / v.s), i % v.s];
    return `acc${p * v.tileQ + q} += v${row}_${q * v.stride + s} * w${r}_${s};`;
  });
}

function storePixel(v: DepthwiseVariant, i: number): string {
  const p = Math.floor(i / v.tileQ);
  const q = i % v.tileQ;
  const value = v.relu ? `max(acc${i}, vec4f())` : `acc${i}`;
  return `if (p0 + ${p}u < params.P && q0 + ${q}u < params.Q) { y[originY + ${p}u * pitchY + ${q}u] = ${value}; }`;
}
