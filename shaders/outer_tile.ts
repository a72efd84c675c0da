// Sums of outer products, a tile of them by a workgroup that stages both factors in its shared memory.
import { unroll } from './unroll.js';

/** The tile of a workgroup and how its threads share it; rows and columns count vec4s. */
export type OuterTile = {
  rows: number;
  columns: number;
  /** A thread's part: rows/perRow apart, and columns/perColumn apart. */
  perRow: number;
  perColumn: number;
  /** Steps of the sum that are in workgroup memory at a time. */
  depth: number;
};

/** One factor: [steps][vec4s] of it are staged; `at(step, vec4)` is a WGSL expression of what is loaded. */
export interface OuterFactor {
  readonly at: (step: string, vec4: string) => string;
  /** Which of step and vec4 neighbouring threads differ in, so that they load neighbours from memory. */
  readonly along: 'steps' | 'vec4s';
}

/** Threads of a workgroup. */
export function outerThreads(v: OuterTile): number {
  return (v.rows / v.perRow) * (v.columns / v.perColumn);
}

/** WGSL of the workgroup memory: two halves, so that one is loaded while the other is read. */
export function outerMemory(v: OuterTile): string {
  // One vec4 more than is used, so that steps begin in different banks.
  return `var<workgroup> lefts: array<vec4f, ${2 * v.depth * (v.rows + 1)}>; // [2][depth][rows + 1]
var<workgroup> rights: array<vec4f, ${2 * v.depth * (v.columns + 1)}>; // [2][depth][columns + 1]`;
}

/** Bytes of that memory. */
export function outerBytes(v: OuterTile): number {
  return 2 * v.depth * (v.rows + v.columns + 2) * 16;
}

/**
 * WGSL that declares acc0, acc1, ... (element 4 * perColumn * i + perColumn * lane + j is lane `lane` of the thread's
 * row i, times its column j) and sums over `turns` (uniform) times `depth` steps.
 */
export function outerSums(v: OuterTile, a: OuterFactor, b: OuterFactor, turns: string): string {
  const left = staging(v, 'lefts', v.rows, a);
  const right = staging(v, 'rights', v.columns, b);
  return `let tileRow = local_id.x / ${v.columns / v.perColumn}u;
  let tileColumn = local_id.x % ${v.columns / v.perColumn}u;
  ${unroll(4 * v.perRow * v.perColumn, (e) => `var acc${e} = vec4f();`)}
  ${left.declare}
  ${right.declare}
  ${left.load('0u')}
  ${right.load('0u')}
  ${left.store('0u')}
  ${right.store('0u')}
  for (var turn = 0u; turn < ${turns}; turn++) {
    workgroupBarrier();
    let here = turn & 1u;
    // The next factors are on their way while these are multiplied.
    if (turn + 1u < ${turns}) {
      let next = (turn + 1u) * ${v.depth}u;
      ${left.load('next')}
      ${right.load('next')}
    }
    for (var d = 0u; d < ${v.depth}u; d++) {
      let inA = (here * ${v.depth}u + d) * ${v.rows + 1}u + tileRow;
      let inB = (here * ${v.depth}u + d) * ${v.columns + 1}u + tileColumn;
      ${unroll(v.perRow, (i) => `let a${i} = lefts[inA + ${(i * v.rows) / v.perRow}u];`)}
      ${unroll(v.perColumn, (j) => `let b${j} = rights[inB + ${(j * v.columns) / v.perColumn}u];`)}
      ${unroll(4 * v.perRow * v.perColumn, (e) => outerProduct(v, e))}
    }
    if (turn + 1u < ${turns}) {
      ${left.store('(1u - here)')}
      ${right.store('(1u - here)')}
    }
  }`;
}

/** Row (of elements) and column (of vec4s) of accumulator e in the workgroup's tile. */
export function outerPlace(v: OuterTile, e: number): { row: string; column: string } {
  const [i, lane, j] = outerIndex(v, e);
  return {
    row: `4u * (tileRow + ${(i * v.rows) / v.perRow}u) + ${lane}u`,
    column: `tileColumn + ${(j * v.columns) / v.perColumn}u`,
  };
}

function outerIndex(v: OuterTile, e: number): [i: number, lane: number, j: number] {
  return [Math.floor(e / (4 * v.perColumn)), Math.floor(e / v.perColumn) % 4, e % v.perColumn];
}

function outerProduct(v: OuterTile, e: number): string {
  const [i, lane, j] = outerIndex(v, e);
  return `acc${e} += a${i}.${'xyzw'[lane]} * b${j};`;
}

/** What each thread loads of one factor, from memory into registers and from there into workgroup memory. */
function staging(v: OuterTile, memory: string, vec4s: number, factor: OuterFactor) {
  const threads = outerThreads(v);
  const loads = (v.depth * vec4s) / threads;
  const element = (i: number) => `(local_id.x + ${i * threads}u)`;
  const place = (i: number): [step: string, vec4: string] =>
    factor.along === 'steps'
      ? [`${element(i)} % ${v.depth}u`, `${element(i)} / ${v.depth}u`]
      : [`${element(i)} / ${vec4s}u`, `${element(i)} % ${vec4s}u`];
  return {
    declare: unroll(loads, (i) => `var ${memory}In${i}: vec4f;`),
    load: (from: string) =>
      unroll(loads, (i) => {
        const [step, vec4] = place(i);
        return `${memory}In${i} = ${factor.at(`(${from} + ${step})`, `(${vec4})`)};`;
      }),
    store: (half: string) =>
      unroll(loads, (i) => {
        const [step, vec4] = place(i);
        return `${memory}[(${half} * ${v.depth}u + ${step}) * ${vec4s + 1}u + ${vec4}] = ${memory}In${i};`;
      }),
  };
}
