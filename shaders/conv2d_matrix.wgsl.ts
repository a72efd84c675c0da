import { HALO } from '../src/base/layout.js';
import { type Finish, finished, finishOperands } from './finish.js';
import {
  type MatrixGrid,
  type MatrixOps,
  matrixEnables,
  matrixProducts,
  matrixStores,
  matrixSums,
} from './matrix.js';
import { outputPlace, tapWalk, windowLoads } from './tap.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type ConvMatrixVariant = Finish & {
  /** The subgroup's product: [m,k] x [k,n], by `lanes` lanes. */
  m: number;
  n: number;
  k: number;
  lanes: number;
  /** The size of subgroups must be asked for: the adapter has several. */
  pinned: boolean;
  /** Plain loops instead of the hardware's products, for tests on adapters without them. */
  emulate: boolean;
  inside: boolean;
  bias: boolean;
  relu: boolean;
};

/** A workgroup computes 64 pixels x 64 channels: four subgroups, each a quarter of 32 x 32. */
export const MATRIX_PIXELS = 64;
export const MATRIX_BLOCKS = 16;
const QUARTER = 32;
/** Input channels (of one tap each) in workgroup memory at a time. */
const DEPTH = 32;
/** Rows of f16 in workgroup memory are so long: eight more than needed, so that rows begin in different banks. */
const X_STRIDE = DEPTH + 8;
const W_STRIDE = 4 * MATRIX_BLOCKS + 8;

/**
 * 2-D convolution with bias and ReLU as an implicit matrix product whose factors are f16 and whose sums are f32:
 *   y[n,k,p,q] = act(bias[k] + sum_{r,s,c} weight[k,c,r,s] * x[n,c, p*stride+r-pad, q*stride+s-pad])
 * Subgroups multiply m x k pixels by k x n channels as one operation. Both factors are scaled by powers of two. As a
 * data gradient it is finished as `Finish` says.
 */
export function conv2dMatrix(v: ConvMatrixVariant): string {
  const ops: MatrixOps = v;
  const threads = 4 * v.lanes;
  const loads = ((DEPTH / 4) * MATRIX_PIXELS) / threads;
  const [across, down] = [QUARTER / v.n, QUARTER / v.m];
  const left: MatrixGrid = {
    count: down,
    memory: 'xs',
    offset: (i) => `(pixel0 + ${i} * ${v.m}u) * ${X_STRIDE}u + d`,
    stride: X_STRIDE,
  };
  const right: MatrixGrid = {
    count: across,
    memory: 'ws',
    offset: (j) => `d * ${W_STRIDE}u + channel0 + ${j} * ${v.n}u`,
    stride: W_STRIDE,
  };
  const [biasAt, yAt] = [5, v.bias ? 6 : 5];
  return wgsl`
${matrixEnables(ops, v.pinned)}
@group(0) @binding(1) var<storage, read> x: array<vec4f>;          // [N][C4][H+2][W+2]
@group(0) @binding(2) var<storage, read> weight: array<vec4<f16>>; // [R*S][4*C4][2*ceil(K4/2)]
@group(0) @binding(3) var<storage, read> scaleX: array<vec4f>;     // [2]: the scale and its inverse
@group(0) @binding(4) var<storage, read> scaleW: array<vec4f>;     // [2]
#if ${v.bias}
@group(0) @binding(${biasAt}) var<storage, read> bias: array<vec4f>; // [K4]
#endif
@group(0) @binding(${yAt}) var<storage, read_write> y: array<vec4f>; // [N][K4][P+2][Q+2]
${finishOperands(v, yAt + 1)}

var<workgroup> xs: array<f16, ${MATRIX_PIXELS * X_STRIDE}>; // [pixels][depth]
var<workgroup> ws: array<f16, ${DEPTH * W_STRIDE}>;         // [depth][channels]
var<workgroup> sums: array<f32, ${4 * v.m * v.n}>;          // [subgroups][m][n]

${tapWalk()}

${windowLoads(HALO, v.inside)}

${outputPlace(HALO)}

@compute @workgroup_size(${threads})${v.pinned && !v.emulate ? ` @subgroup_size(${v.lanes})` : ''}
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_id) local_id: vec3u,
#if ${!v.emulate}
  @builtin(subgroup_id) subgroup_id: u32,
#endif
) {
  #if ${v.emulate}
  let subgroup_id = local_id.x / ${v.lanes}u;
  #endif
  let lane = local_id.x % ${v.lanes}u;
  let pixels = params.N * params.P * params.Q;
  let first = (workgroup_id.z * params.gridX + workgroup_id.x) * ${MATRIX_PIXELS}u;
  let k0 = workgroup_id.y * ${MATRIX_BLOCKS}u;
  let rows = params.R * params.S * params.C4 * 4u;
  let pitchW = (params.K4 + 1u) / 2u * 2u;
  // Threads past the last pixel or channel load the last one again and store nothing.
  let pixel = local_id.x % ${MATRIX_PIXELS}u;
  let origin = origin_of(min(first + pixel, pixels - 1u));
  let block = local_id.x % ${MATRIX_BLOCKS}u;
  let kIn = min(k0 + block, params.K4 - 1u);
  // The quarter of this subgroup.
  let pixel0 = subgroup_id % 2u * ${QUARTER}u;
  let channel0 = subgroup_id / 2u * ${QUARTER}u;

  ${matrixSums(ops, down * across)}
  ${unroll(loads, (i) => `var tap${i} = advance(Tap(), local_id.x / ${MATRIX_PIXELS}u + ${(i * threads) / MATRIX_PIXELS}u);`)}
  for (var row = 0u; row < rows; row += ${DEPTH}u) {
    ${unroll(loads, (i) => `let x${i} = vec4<f16>(select(vec4f(), x[pixel_at(origin, tap${i})], tap${i}.r < params.R) * scaleX[0].x);`)}
    ${unroll(loads, (i) => `let w${i} = weight[min(row + ${wRow(threads, i)}, rows - 1u) * pitchW + kIn];`)}
    ${unroll(loads, (i) => `tap${i} = advance(tap${i}, ${DEPTH / 4}u);`)}
    // What the last turn read must have been read before it is overwritten.
    workgroupBarrier();
    ${unroll(loads, (i) => unroll(4, (c) => `xs[pixel * ${X_STRIDE}u + 4u * (local_id.x / ${MATRIX_PIXELS}u + ${(i * threads) / MATRIX_PIXELS}u) + ${c}u] = x${i}.${'xyzw'[c]};`))}
    ${unroll(loads, (i) => unroll(4, (c) => `ws[(${wRow(threads, i)}) * ${W_STRIDE}u + 4u * block + ${c}u] = w${i}.${'xyzw'[c]};`))}
    workgroupBarrier();
    for (var d = 0u; d < ${DEPTH}u; d += ${v.k}u) {
      ${matrixProducts(ops, left, right)}
    }
  }

  // A matrix of sums lies in lanes as the hardware likes: workgroup memory tells which is which.
  let mine = subgroup_id * ${v.m * v.n}u;
  ${matrixStores(ops, down * across, { memory: 'sums', offset: 'mine' }, (s) => stores(v, s, across))}
}
`;
}

/** Row of the staged filter that load i of a thread fills. */
function wRow(threads: number, i: number): string {
  return `local_id.x / ${MATRIX_BLOCKS}u + ${(i * threads) / MATRIX_BLOCKS}u`;
}

/** Stores matrix `s` of the sums in workgroup memory: a lane takes four channels of a pixel at a time. */
function stores(v: ConvMatrixVariant, s: string, across: number): string {
  const sum = `vec4f(${unroll(4, (c) => `sums[begin + ${c}u]`, ', ')}) * scaleX[0].y * scaleW[0].y${v.bias ? ' + bias[k]' : ''}`;
  return `for (var e = lane; e < ${(v.m * v.n) / 4}u; e += ${v.lanes}u) {
      let at = first + pixel0 + ${s} / ${across}u * ${v.m}u + e % ${v.m}u;
      let k = k0 + (channel0 + ${s} % ${across}u * ${v.n}u) / 4u + e / ${v.m}u;
      let begin = mine + e % ${v.m}u * ${v.n}u + e / ${v.m}u * 4u;
      if (at < pixels && k < params.K4) {
        let place = output_at(at, k);
        y[place] = ${finished(v, v.relu ? `max(${sum}, vec4f())` : sum, 'place')};
      }
    }`;
}
