// Products of small matrices that a subgroup computes together, or the same written out for adapters without them.

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

/** `var name`: an [m,n] matrix of zeros, to be added to. */
export function matrixZero(v: MatrixOps, name: string): string {
  // Lane l of an emulated matrix owns its elements l, l + lanes, l + 2 lanes, ... in row-major order.
  return v.emulate
    ? `var ${name}: array<f32, ${(v.m * v.n) / v.lanes}>;`
    : `var ${name}: subgroup_matrix_result<f32, ${v.n}, ${v.m}>;`;
}

/** `let name`: the [m,k] or [k,n] matrix in `memory` at `offset`, rows `stride` elements apart. */
export function matrixLoad(
  v: MatrixOps,
  side: 'left' | 'right',
  name: string,
  { memory, offset, stride }: { memory: string; offset: string; stride: number },
): string {
  if (v.emulate) return `let ${name} = ${offset};`;
  const [columns, rows] = side === 'left' ? [v.k, v.m] : [v.n, v.k];
  const type = `subgroup_matrix_${side}<f16, ${columns}, ${rows}>`;
  return `let ${name} = subgroupMatrixLoad<${type}, row_major>(&${memory}, ${offset}, ${stride}u);`;
}

/** sum += left right. An emulated product reads `memory`, whose rows are `stride` elements apart, at both. */
export function matrixMultiply(
  v: MatrixOps,
  sum: string,
  left: { name: string; memory: string; stride: number },
  right: { name: string; memory: string; stride: number },
): string {
  if (!v.emulate) return `${sum} = subgroupMatrixMultiplyAccumulate(${left.name}, ${right.name}, ${sum});`;
  return `for (var e = 0u; e < ${(v.m * v.n) / v.lanes}u; e++) {
        let row = (e * ${v.lanes}u + lane) / ${v.n}u;
        let column = (e * ${v.lanes}u + lane) % ${v.n}u;
        for (var i = 0u; i < ${v.k}u; i++) {
          ${sum}[e] += f32(${left.memory}[${left.name} + row * ${left.stride}u + i]) * f32(${right.memory}[${right.name} + i * ${right.stride}u + column]);
        }
      }`;
}

/** Writes `sum` to `memory` at `offset`, rows `stride` elements apart. */
export function matrixStore(
  v: MatrixOps,
  sum: string,
  { memory, offset, stride }: { memory: string; offset: string; stride: number },
): string {
  if (!v.emulate) return `subgroupMatrixStore<row_major>(&${memory}, ${offset}, ${sum}, ${stride}u);`;
  return `for (var e = 0u; e < ${(v.m * v.n) / v.lanes}u; e++) {
        let at = e * ${v.lanes}u + lane;
        ${memory}[${offset} + at / ${v.n}u * ${stride}u + at % ${v.n}u] = ${sum}[e];
      }`;
}
