import { fullGrid, upperTriangle } from './triangle.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type MatmulLanesVariant = {
  /** Lanes of the subgroup, which loads the left factor together; also the workgroup, and the vec4s across a tile. */
  lanes: number;
  /** The factors are one tensor: tiles below the diagonal are copies of those above. */
  symmetric: boolean;
};

/** Steps of the sum between two stores of the sums so far, which are more than a processor has registers for. */
const DEPTH = 4;

/**
 * Matrix products, one for each item i of a batch, the left factor given transposed, with a multiple of the identity added:
 *   y[i,m,n] = alpha * sum_k at[i,k,m] * b[i,k,n] + diagonal * [m = n]
 * A subgroup computes a square tile of 4*lanes rows: each lane four columns, all lanes the rows that each loads four of.
 */
export function matmulLanes(v: MatmulLanesVariant): string {
  const side = 4 * v.lanes;
  return wgsl`
enable subgroups;
@group(0) @binding(1) var<storage, read> at: array<vec4f>;      // [items][K][M4]
@group(0) @binding(2) var<storage, read> b: array<vec4f>;       // [items][K][N4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [items][M][N4]

@compute @workgroup_size(${v.lanes})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = workgroup_id.x + workgroup_id.y * params.stride;
  if (index >= params.blocks) {
    return;
  }
  let item = index / params.blocksOfItem;
  let block = index % params.blocksOfItem;
  let M4 = (params.M + 3u) / 4u;
  let N4 = (params.N + 3u) / 4u;
  let width = (N4 + ${v.lanes - 1}u) / ${v.lanes}u;
  ${v.symmetric ? upperTriangle() : fullGrid()}
  // Lanes past the end load the last vec4 again and store nothing: subgroup operations need all lanes.
  let inA = item * params.K * M4 + min(row * ${v.lanes}u + local_id.x, M4 - 1u);
  let n = column * ${v.lanes}u + local_id.x;
  let inB = item * params.K * N4 + min(n, N4 - 1u);
  ${unroll(side, (r) => `var acc${r} = vec4f();`)}
  for (var k = 0u; k < params.K; k += ${DEPTH}u) {
    ${unroll(DEPTH, (d) => `let k${d} = min(k + ${d}u, params.K - 1u);`)}
    ${unroll(DEPTH, (d) => `let a${d} = at[inA + k${d} * M4];`)}
    // Steps past the end add zero.
    ${unroll(DEPTH, (d) => `let b${d} = select(vec4f(), b[inB + k${d} * N4], k + ${d}u < params.K);`)}
    ${unroll(side, sums)}
  }

  var sums = array<vec4f, ${side}>(${unroll(side, (r) => `acc${r}`, ', ')});
  let inY = item * params.M * N4;
  for (var r = 0u; r < ${side}u; r++) {
    let m = row * ${side}u + r;
    var sum = params.alpha * sums[r];
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
  ${unroll(4, (e) => `if (4u * n + ${e}u < params.M) { ${unroll(v.lanes, (g) => mirrored(v, e, g))} }`)}
#endif
}
`;
}

/** Adds to row r of the tile: its factors lie in lane floor(r / 4), in component r % 4. */
function sums(r: number): string {
  const factor = (d: number) => `subgroupShuffle(a${d}.${'xyzw'[r % 4]}, ${r >> 2}u)`;
  const terms = Array.from({ length: DEPTH }, (_, d) => `${factor(d)} * b${d}`);
  return `acc${r} = acc${r} + ${terms.join(' + ')};`;
}

/** Store of the mirrored tile's row 4n + e, vec4 g: it gathers a column of this lane's. */
function mirrored(v: MatmulLanesVariant, e: number, g: number): string {
  const parts = unroll(4, (i) => `acc${4 * g + i}.${'xyzw'[e]}`, ', ');
  return `if (row * ${v.lanes}u + ${g}u < N4) {
    y[inY + (4u * n + ${e}u) * N4 + row * ${v.lanes}u + ${g}u] = params.alpha * vec4f(${parts});
  }`;
}
