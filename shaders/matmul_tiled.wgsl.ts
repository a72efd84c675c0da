import { type OuterTile, outerMemory, outerPlace, outerSums, outerThreads } from './outer_tile.js';
import { fullGrid, upperTriangle } from './triangle.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type MatmulTiledVariant = OuterTile & {
  /** The product is known to be symmetric: what lies below the diagonal is a copy of what lies above. */
  symmetric: boolean;
};

/**
 * Matrix product as matmul, the left factor given transposed, a tile by a workgroup:
 *   y[m,n] = alpha * sum_k at[k,m] * b[k,n] + diagonal * [m = n]
 */
export function matmulTiled(v: MatmulTiledVariant): string {
  // What lies past the end of a row is read from its last vec4 and not stored; rows past K count as zero.
  const load = (name: string, pitch: string, first: string) => (step: string, vec4: string) =>
    `select(vec4f(), ${name}[min(${step}, params.K - 1u) * ${pitch} + min(${first} + ${vec4}, ${pitch} - 1u)], ${step} < params.K)`;
  return wgsl`
@group(0) @binding(1) var<storage, read> at: array<vec4f>;      // [K][M4]
@group(0) @binding(2) var<storage, read> b: array<vec4f>;       // [K][N4]
#if ${v.symmetric}
@group(0) @binding(3) var<storage, read_write> y: array<f32>;   // [M][4*N4], M = N
#else
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [M][N4]
#endif

${outerMemory(v)}

@compute @workgroup_size(${outerThreads(v)})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let M4 = (params.M + 3u) / 4u;
  let N4 = (params.N + 3u) / 4u;
  let block = workgroup_id.x;
  let width = (N4 + ${v.columns - 1}u) / ${v.columns}u;
  ${v.symmetric ? upperTriangle() : fullGrid()}
  let row0 = row * ${v.rows}u;
  let column0 = column * ${v.columns}u;
  let turns = (params.K + ${v.depth - 1}u) / ${v.depth}u;

  ${outerSums(v, { at: load('at', 'M4', 'row0'), along: 'vec4s' }, { at: load('b', 'N4', 'column0'), along: 'vec4s' }, 'turns')}

  ${unroll(4 * v.perRow * v.perColumn, (e) => {
    const place = outerPlace(v, e);
    return `{
    let m = 4u * row0 + ${place.row};
    let n = column0 + ${place.column};
    var sum = params.alpha * acc${e};
    if (m < params.M && n < N4) {
      if (m / 4u == n && m < params.N) {
        sum[m % 4u] += params.diagonal;
      }
      ${v.symmetric ? mirroredStore() : 'y[m * N4 + n] = sum;'}
    }
  }`;
  })}
}
`;
}

/** Of four neighbours of row m, stores those on and right of the diagonal, and the same below it. */
function mirroredStore(): string {
  return `for (var lane = 0u; lane < 4u; lane++) {
        let j = 4u * n + lane;
        if (j >= m) {
          y[m * 4u * N4 + j] = sum[lane];
        }
        if (j > m && j < params.N) {
          y[j * 4u * N4 + m] = sum[lane];
        }
      }`;
}
