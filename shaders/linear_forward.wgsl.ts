import { treeSum } from './tree-sum.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type LinearVariant = {
  /** Rows of x per thread: what is read of the weights serves all of them. */
  rows: number;
  /** Threads that share the sums of one row, or 1 where a thread owns its sums alone. */
  share: number;
  workgroup: number;
  bias: boolean;
};

/**
 * Linear layer: y[n,k] = bias[k] + sum_d x[n,d] * weight[k,d].
 * Four neighbours k of some rows n belong to one thread, or to one workgroup that splits the sum in fixed order.
 */
export function linearForward(v: LinearVariant): string {
  const each = (body: (r: number) => string) => unroll(v.rows, body, '\n    ');
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N][D4]
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;  // [K][D4]
#if ${v.bias}
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;    // [K4]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // [N][K4]
#else
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N][K4]
#endif

#if ${v.share > 1}
var<workgroup> parts: array<vec4f, ${v.share}>;
#endif

@compute @workgroup_size(${v.workgroup})
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_id) local_id: vec3u,
) {
  let K4 = (params.K + 3u) / 4u;
#if ${v.share > 1}
  let block = workgroup_id.x + workgroup_id.y * params.stride;
  let lane = local_id.x;
#else
  let block = (workgroup_id.x + workgroup_id.y * params.stride) * ${v.workgroup}u + local_id.x;
  let lane = 0u;
#endif
  if (block >= params.blocks) {
    return;
  }
  let k4 = block % K4;
  let n = block / K4 * ${v.rows}u;
  // Rows past the end read the last one again: of x they are not stored, of the weights they are stored as zero.
  ${unroll(4, (e) => `let w${e} = min(4u * k4 + ${e}u, params.K - 1u) * params.D4;`, '\n  ')}
  ${unroll(v.rows, (r) => `let x${r} = min(n + ${r}u, params.N - 1u) * params.D4;`, '\n  ')}
  ${unroll(v.rows, (r) => `var sum${r} = vec4f();`, '\n  ')}
  for (var d = lane; d < params.D4; d += ${v.share}u) {
    ${unroll(4, (e) => `let a${e} = weight[w${e} + d];`, '\n    ')}
    ${each((r) => `let b${r} = x[x${r} + d];`)}
    ${each((r) => `sum${r} += vec4f(dot(a0, b${r}), dot(a1, b${r}), dot(a2, b${r}), dot(a3, b${r}));`)}
  }
  let k = 4u * k4;
  let real = vec4u(k, k + 1u, k + 2u, k + 3u) < vec4u(params.K);
#if ${v.bias}
  let summand = bias[k4];
#else
  let summand = vec4f();
#endif
#if ${v.share > 1}
  parts[lane] = sum0;
  ${treeSum(v.share, (to, from) => `parts[${to}] += parts[${from}];`)}
  if (lane == 0u) {
    y[n * K4 + k4] = select(vec4f(), parts[0] + summand, real);
  }
#else
  ${unroll(v.rows, (r) => store(r), '\n  ')}
#endif
}
`;
}

function store(r: number): string {
  return `if (n + ${r}u < params.N) {
    y[(n + ${r}u) * K4 + k4] = select(vec4f(), sum${r} + summand, real);
  }`;
}
