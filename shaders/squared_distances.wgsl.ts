import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type DistancesVariant = {
  /** Queries that a thread measures from its rows, so that each row is loaded once for them. */
  tile: number;
  /** What stands behind the last row: FAR, for searches, or else zero, as in every tensor. */
  far: boolean;
};

/** Stands for a row that is not there: no sum of squares is as large, and a comparison with it always fails. */
export const FAR = '0x1.fffffep+127f';

/**
 * Squared distances of queries from the rows of a gallery:
 *   distances[b,m] = sum_d (queries[b,d] - gallery[m,d])^2 for m < rows, else FAR or 0
 * The differences are squared, not |a|^2 - 2ab + |b|^2: near a row the latter is nothing but rounding errors. One
 * thread measures four neighbouring rows.
 */
export function squaredDistances(v: DistancesVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> queries: array<vec4f>;         // [B][D4]
@group(0) @binding(2) var<storage, read> gallery: array<vec4f>;         // [M][D4]
@group(0) @binding(3) var<storage, read_write> distances: array<vec4f>; // [B][ceil(M/4)]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u, @builtin(workgroup_id) workgroup_id: vec3u) {
  let m4 = global_id.x;
  if (m4 >= params.M4) {
    return;
  }
  let b0 = workgroup_id.y * ${v.tile}u;
  let m = 4u * m4 + vec4u(0u, 1u, 2u, 3u);
  ${unroll(v.tile, (b) => `var sum${b} = vec4f();`)}
  if (m.x < params.rows) {
    let at = min(m, vec4u(params.rows - 1u)) * params.D4;
    ${unroll(v.tile, (b) => `let from${b} = min(b0 + ${b}u, params.B - 1u) * params.D4;`)}
    for (var d = 0u; d < params.D4; d++) {
      ${unroll(4, (r) => `let g${r} = gallery[at[${r}] + d];`)}
      ${unroll(v.tile, (b) => addSquares(b))}
    }
  }
  ${unroll(v.tile, (b) => `if (b0 + ${b}u < params.B) { distances[(b0 + ${b}u) * params.M4 + m4] = select(vec4f(${v.far ? FAR : '0.0'}), sum${b}, m < vec4u(params.rows)); }`)}
}
`;
}

/** Adds the squares of one vec4 of query b and of four rows. */
function addSquares(b: number): string {
  const differences = unroll(4, (r) => `let e${b}_${r} = query${b} - g${r};`);
  const squares = unroll(4, (r) => `dot(e${b}_${r}, e${b}_${r})`, ', ');
  return `let query${b} = queries[from${b} + d];\n${differences}\nsum${b} += vec4f(${squares});`;
}
