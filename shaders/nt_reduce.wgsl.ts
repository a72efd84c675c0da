import { type Load, operand } from './operand.js';
import { fullGrid, upperTriangle } from './triangle.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type NtReduceVariant = {
  /** Side of the block of channels that one thread accumulates, in vec4 (2: 8x8 channels). */
  side: number;
  /** Lanes of a subgroup, each with its own pixels and summed at the end; 0: a thread owns a block alone. */
  lanes: number;
  workgroup: number;
  /** b is a: bound once, and only blocks on or above the diagonal are computed. */
  symmetric: boolean;
  /** What both are read from. */
  load: Load;
};

/**
 * Products of two stacks of planes, summed over a range of pixels (a row-major matrix product a b^T, split over
 * its inner axis; partial_sum adds the splits in order):
 *   partials[split,i,j] = sum_{p in split} a[n,i,p] * b[n,j,p]
 * The zero border counts as pixels: it adds nothing, and makes every plane one contiguous range.
 */
export function ntReduce(v: NtReduceVariant): string {
  const accumulators = 4 * v.side * v.side;
  const stride = Math.max(1, v.lanes);
  const b = v.symmetric ? 'a' : 'b';
  const B4 = v.symmetric ? 'A4' : 'B4';
  return wgsl`
#if ${v.lanes > 0}
enable subgroups;
#endif
${operand('a', 1, v.load, '[N][A4][plane]')}
#if ${v.symmetric}
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>; // [N*chunks][4*A4][A4]
#else
${operand('b', 2, v.load, '[N][B4][plane]')}
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>; // [N*chunks][4*A4][B4]
#endif

const SIDE = ${v.side}u;

@compute @workgroup_size(${v.workgroup})
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_id) local_id: vec3u,
  @builtin(global_invocation_id) global_id: vec3u,
) {
#if ${v.lanes > 0}
  let block = workgroup_id.x;
  let lane = local_id.x;
#else
  let block = global_id.x;
  let lane = 0u;
  if (block >= params.blocks) {
    return;
  }
#endif
  let width = (params.${B4} + SIDE - 1u) / SIDE;
  ${v.symmetric ? upperTriangle() : fullGrid()}
  let n = workgroup_id.y / params.chunks;
  let begin = workgroup_id.y % params.chunks * params.chunk + lane;
  // Blocks past the last channel read the last one again and store nothing.
  ${unroll(v.side, (i) => `let a${i} = (n * params.A4 + min(row * SIDE + ${i}u, params.A4 - 1u)) * params.plane;`)}
  ${unroll(v.side, (j) => `let b${j} = (n * params.${B4} + min(column * SIDE + ${j}u, params.${B4} - 1u)) * params.plane;`)}

  ${unroll(accumulators, (i) => `var acc${i} = vec4f();`)}
  for (var q = 0u; q < params.chunk; q += ${stride}u) {
    // The last pixel of a plane is border: whoever runs past the end adds zero.
    let p = min(begin + q, params.plane - 1u);
    ${unroll(v.side, (i) => `let u${i} = load_a(a${i} + p);`)}
    ${unroll(v.side, (j) => `let w${j} = load_${b}(b${j} + p);`)}
    ${unroll(accumulators, (e) => product(v.side, e))}
  }

  var sums = array<vec4f, ${accumulators}>(${unroll(accumulators, (i) => `acc${i}`, ', ')});
  for (var e = 0u; e < ${accumulators}u; e++) {
    var sum = sums[e];
    ${unroll(Math.log2(stride), (bit) => `sum += subgroupShuffleXor(sum, ${2 ** bit}u);`)}
    let i = row * 4u * SIDE + e / SIDE;
    let j = column * SIDE + e % SIDE;
    if (lane == 0u && i < 4u * params.A4 && j < params.${B4}) {
      partials[(workgroup_id.y * 4u * params.A4 + i) * params.${B4} + j] = sum;
    }
  }
}
`;
}

/** Accumulator e holds channel floor(e / side) of the block's rows and vec4 e % side of its columns. */
function product(side: number, e: number): string {
  const channel = Math.floor(e / side);
  return `acc${e} += u${channel >> 2}.${'xyzw'[channel & 3]} * w${e % side};`;
}
