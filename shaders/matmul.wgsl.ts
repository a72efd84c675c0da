import { fullGrid, upperTriangle } from './triangle.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type MatmulVariant = {
  /** Side of the tile of one thread, in vec4 (2: 8x8 elements). */
  side: number;
  workgroup: number;
  /** The product is known to be symmetric: tiles below the diagonal are copies of those above. */
  symmetric: boolean;
};

/**
 * Matrix products, one for each item i of a batch, the left factor given transposed, with a multiple of the identity added:
 *   y[i,m,n] = alpha * sum_k at[i,k,m] * b[i,k,n] + diagonal * [m = n]
 */
export function matmul(v: MatmulVariant): string {
  const accumulators = 4 * v.side * v.side;
  return wgsl`
@group(0) @binding(1) var<storage, read> at: array<vec4f>;      // [items][K][M4]
@group(0) @binding(2) var<storage, read> b: array<vec4f>;       // [items][K][N4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [items][M][N4]

const SIDE = ${v.side}u;

@compute @workgroup_size(${v.workgroup})
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let index = global_id.x + global_id.y * params.stride;
  if (index >= params.blocks) {
    return;
  }
  let item = index / params.blocksOfItem;
  let block = index % params.blocksOfItem;
  let M4 = (params.M + 3u) / 4u;
  let N4 = (params.N + 3u) / 4u;
  let inA = item * params.K * M4;
  let inB = item * params.K * N4;
  let inY = item * params.M * N4;
  let width = (N4 + SIDE - 1u) / SIDE;
  ${v.symmetric ? upperTriangle() : fullGrid()}
  // Blocks past the end read the last vec4 again and store nothing.
  ${unroll(v.side, (i) => `let m${i} = min(row * SIDE + ${i}u, M4 - 1u);`)}
  ${unroll(v.side, (j) => `let n${j} = min(column * SIDE + ${j}u, N4 - 1u);`)}
  ${unroll(accumulators, (e) => `var acc${e} = vec4f();`)}
  for (var k = 0u; k < params.K; k++) {
    ${unroll(v.side, (i) => `let a${i} = at[inA + k * M4 + m${i}];`)}
    ${unroll(v.side, (j) => `let b${j} = b[inB + k * N4 + n${j}];`)}
    ${unroll(accumulators, (e) => product(v.side, e))}
  }

#if ${v.symmetric}
  if (row == column) {
    // A product that is symmetric but for rounding is made so to the bit.
    ${unroll(accumulators, (e) => copiedAcross(v.side, e))}
  }
#endif
  var sums = array<vec4f, ${accumulators}>(${unroll(accumulators, (e) => `acc${e}`, ', ')});
  for (var e = 0u; e < ${accumulators}u; e++) {
    let m = row * 4u * SIDE + e / SIDE;
    let n = column * SIDE + e % SIDE;
    var sum = params.alpha * sums[e];
    if (m / 4u == n && m < params.N) {
      sum[m % 4u] += params.diagonal;
    }
    if (m < params.M && n < N4) {
      y[inY + m * N4 + n] = sum;
    }
  }
#if ${v.symmetric}
  if (row == column) {
    return;
  }
  // Off the diagonal nothing is added.
  ${unroll(accumulators, (e) => mirrored(v.side, e))}
#endif
}
`;
}

/** Accumulator e holds row floor(e / side) of the tile and vec4 e % side of its columns. */
function product(side: number, e: number): string {
  const row = Math.floor(e / side);
  return `acc${e} += a${row >> 2}.${'xyzw'[row & 3]} * b${e % side};`;
}

/** Element (row, column) of the tile as a component of its accumulator. */
function element(side: number, row: number, column: number): string {
  return `acc${row * side + (column >> 2)}.${'xyzw'[column & 3]}`;
}

/** Copies what accumulator e holds left of the tile's diagonal from the right of it. */
function copiedAcross(side: number, e: number): string {
  const row = Math.floor(e / side);
  const first = 4 * (e % side);
  const columns = [0, 1, 2, 3].map((lane) => first + lane).filter((column) => column < row);
  return columns.map((column) => `${element(side, row, column)} = ${element(side, column, row)};`).join(' ');
}

/** Store of the mirrored tile's row floor(e / side), vec4 e % side: it gathers one column of this tile. */
function mirrored(side: number, e: number): string {
  const column = Math.floor(e / side);
  const parts = unroll(4, (i) => element(side, 4 * (e % side) + i, column), ', ');
  return `if (column * ${4 * side}u + ${column}u < params.M && row * SIDE + ${e % side}u < N4) {
    y[inY + (column * ${4 * side}u + ${column}u) * N4 + row * SIDE + ${e % side}u] = params.alpha * vec4f(${parts});
  }`;
}
