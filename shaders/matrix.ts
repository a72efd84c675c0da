// Products of small matrices that a subgroup computes together, or the same written out for adapters without them.

import { unroll } from './unroll.js';

/** f16 [m,k] x [k,n] into f32 sums, by `lanes` lanes. */
export interface MatrixOps {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly lanes: number;
  /** Plain loops over workgroup memory instead of the hardware's products: same operands, same places. */
  readonly emulate: boolean;
}

/** WGSL that the operations below need in front of everything. */
export function matrixEnables(v: MatrixOps, pinned: boolean): string {
  if (v.emulate) return 'enable f16;';
  const size = pinned ? 'enable subgroup_size_control;\n' : '';
  return `enable f16;\nenable subgroups;\n${size}enable chromium_experimental_subgroup_matrix;`;
}

/** A grid of matrices in workgroup memory: that of number `i` (a WGSL expression) begins at `offset(i)`. */
export interface MatrixGrid {
  readonly count: number;
  readonly memory: string;
  readonly offset: (i: string) => string;
  /** Elements from row to row. */
  readonly stride: number;
}

/** Declares `count` [m,n] matrices of zeros, sums to be. */
export function matrixSums(v: MatrixOps, count: number): string {
  // Lane l of an emulated matrix owns its elements l, l + lanes, l + 2 lanes, ... in row-major order. `whole` is 1
  // without the compiler's knowing, which would write all loops out and take minutes.
  return v.emulate
    ? `var sum: array<f32, ${count * share(v)}>;
  let whole = min(params.gridX, 1u);`
    : unroll(count, (i) => `var sum${i}: subgroup_matrix_result<f32, ${v.n}, ${v.m}>;`);
}

/** Adds left[i] right[j] to sum number i * right.count + j, for all i and j. */
export function matrixProducts(v: MatrixOps, left: MatrixGrid, right: MatrixGrid): string {
  if (!v.emulate) {
    const load =
      (name: string, type: string, { memory, offset, stride }: MatrixGrid) =>
      (i: number) =>
        `let ${name}${i} = subgroupMatrixLoad<${type}, row_major>(&${memory}, ${offset(`${i}u`)}, ${stride}u);`;
    return `${unroll(left.count, load('left', `subgroup_matrix_left<f16, ${v.k}, ${v.m}>`, left))}
      ${unroll(right.count, load('right', `subgroup_matrix_right<f16, ${v.n}, ${v.k}>`, right))}
      ${unroll(left.count * right.count, (s) => `sum${s} = subgroupMatrixMultiplyAccumulate(left${Math.floor(s / right.count)}, right${s % right.count}, sum${s});`)}`;
  }
  return `for (var s = 0u; s < ${left.count * right.count}u * whole; s++) {
        let i = s / ${right.count}u;
        let j = s % ${right.count}u;
        for (var e = 0u; e < ${share(v)}u * whole; e++) {
          let row = ${left.offset('i')} + (e * ${v.lanes}u + lane) / ${v.n}u * ${left.stride}u;
          let column = ${right.offset('j')} + (e * ${v.lanes}u + lane) % ${v.n}u;
          for (var inner = 0u; inner < ${v.k}u * whole; inner++) {
            sum[s * ${share(v)}u + e] += f32(${left.memory}[row + inner]) * f32(${right.memory}[column + inner * ${right.stride}u]);
          }
        }
      }`;
}

/** Writes each sum to `memory` at `offset`, row-major, and runs `then(number of the sum)` behind it. */
export function matrixStores(
  v: MatrixOps,
  count: number,
  { memory, offset }: { memory: string; offset: string },
  then: (s: string) => string,
): string {
  // The memory may still be read from the last time, and all lanes must have written before any reads.
  const between = (store: string, s: string) => `workgroupBarrier();
    ${store}
    workgroupBarrier();
    ${then(s)}`;
  if (!v.emulate)
    return unroll(count, (i) =>
      between(`subgroupMatrixStore<row_major>(&${memory}, ${offset}, sum${i}, ${v.n}u);`, `${i}u`),
    );
  const store = `for (var e = 0u; e < ${share(v)}u * whole; e++) {
      ${memory}[${offset} + e * ${v.lanes}u + lane] = sum[s * ${share(v)}u + e];
    }`;
  return `for (var s = 0u; s < ${count}u * whole; s++) {
    ${between(store, 's')}
  }`;
}

/** Elements of a matrix of sums that each lane owns, where it is emulated. */
function share(v: MatrixOps): number {
  return (v.m * v.n) / v.lanes;
}
