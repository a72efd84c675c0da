import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

/** Transposes of a batch of matrices: y[n,j,i] = x[n,i,j]. A thread turns a square of 4 x 4. */
export function transpose(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [items][R][S4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [items][S][R4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let at = global_id.x + global_id.y * params.stride;
  let R4 = (params.R + 3u) / 4u;
  let S4 = (params.S + 3u) / 4u;
  if (at >= params.items * S4 * R4) {
    return;
  }
  let item = at / (S4 * R4);
  let j = at / R4 % S4;
  let i = at % R4;
  // Rows past the end are zero.
  ${unroll(4, (e) => `let row${e} = select(vec4f(), x[(item * params.R + min(4u * i + ${e}u, params.R - 1u)) * S4 + j], 4u * i + ${e}u < params.R);`)}
  ${unroll(4, column)}
}
`;
}

/** Store of column 4j + e. */
function column(e: number): string {
  const parts = unroll(4, (i) => `row${i}.${'xyzw'[e]}`, ', ');
  return `if (4u * j + ${e}u < params.S) {
    y[(item * params.S + 4u * j + ${e}u) * R4 + i] = vec4f(${parts});
  }`;
}
