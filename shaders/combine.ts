// Products with small constant matrices, written out.
import type { Matrix } from '../src/base/winograd.js';
import { unroll } from './unroll.js';

/** `row[0] * term(0) + row[1] * term(1) + ...` without the zeros. */
export function combine(row: readonly number[], term: (i: number) => string): string {
  const terms = row.flatMap((factor, i) => {
    if (factor === 0) return [];
    const size = Math.abs(factor);
    return [{ sign: factor < 0 ? '-' : '+', text: size === 1 ? term(i) : `${size} * ${term(i)}` }];
  });
  return terms
    .map(({ sign, text }, i) => (i === 0 ? `${sign === '-' ? '-' : ''}${text}` : ` ${sign} ${text}`))
    .join('');
}

/** Lets `${into}<i>_<column>` hold row i of matrix times the column whose elements are `${from}<k>_<column>`. */
export function transformColumn(matrix: Matrix, from: string, into: string, column: number): string {
  return unroll(
    matrix.length,
    (i) => `let ${into}${i}_${column} = ${combine(matrix[i]!, (k) => `${from}${k}_${column}`)};`,
  );
}

/** The elements, row by row, of `${from}<i>_<k>` (so many rows) times the transpose of matrix. */
export function transformRows(matrix: Matrix, from: string, rows: number): string[] {
  return Array.from({ length: rows }, (_, i) =>
    matrix.map((row) => combine(row, (k) => `${from}${i}_${k}`)),
  ).flat();
}
