// What F(m x m, 3x3) may miss in float32.
import { type Matrix, WINOGRAD, type WinogradTile } from '../base/winograd.js';
import { type Bound, type NdArray, zeros } from './array.js';

/**
 * Bound of a 3x3 convolution of stride 1 by F(m x m, 3x3). Every product that goes into an output element is
 * AT_pi AT_qj G.. w G.. BT.. x BT.., and the sum of their absolute values is the formula itself with the absolute
 * value of every matrix, filter and pixel:
 *   |AT| (sum_c (|G| |g| |GT|) . (|BT| |d| |B|)) |A|.
 * A rounding anywhere on the way is relative to a part of that sum. On its way to the output a product passes the C
 * additions of the matrix product and those of six small transforms: two of the filter (3 terms), of the input and
 * of the output (m + 2 terms each); with the rounded coefficients of G that makes C + 6 + 4 (m + 2) + 2, plus one for
 * the bias.
 */
export function winogradBound(
  x: NdArray,
  weight: NdArray,
  bias: NdArray | undefined,
  y: readonly number[],
  pad: number,
  m: WinogradTile,
): Bound {
  const [AT, G, BT] = [WINOGRAD[m].AT, WINOGRAD[m].G, WINOGRAD[m].BT].map(absolute) as [
    Matrix,
    Matrix,
    Matrix,
  ];
  const side = m + 2;
  const [N, C, H, W] = x.shape as unknown as [number, number, number, number];
  const [, K, P, Q] = y as unknown as [number, number, number, number];
  const filters = Array.from({ length: K * C }, (_, kc) =>
    sandwich(G, (i, j) => Math.abs(weight.data[(kc * 3 + i) * 3 + j]!)),
  );
  const magnitude = zeros([N, K, P, Q]);
  for (let n = 0; n < N; n++)
    for (let p0 = 0; p0 < P; p0 += m)
      for (let q0 = 0; q0 < Q; q0 += m) {
        const inputs = Array.from({ length: C }, (_, c) =>
          sandwich(BT, (i, j) => {
            const [h, w] = [p0 + i - pad, q0 + j - pad];
            return h < 0 || h >= H || w < 0 || w >= W ? 0 : Math.abs(x.data[((n * C + c) * H + h) * W + w]!);
          }),
        );
        for (let k = 0; k < K; k++) {
          const product = new Float64Array(side * side);
          for (let c = 0; c < C; c++)
            for (let e = 0; e < product.length; e++) product[e]! += filters[k * C + c]![e]! * inputs[c]![e]!;
          const block = sandwich(AT, (i, j) => product[i * side + j]!);
          for (let i = 0; i < m && p0 + i < P; i++)
            for (let j = 0; j < m && q0 + j < Q; j++)
              magnitude.data[((n * K + k) * P + p0 + i) * Q + q0 + j] =
                block[i * m + j]! + Math.abs(bias?.data[k] ?? 0);
        }
      }
  return { magnitude, terms: C + 4 * side + 9 };
}

function absolute(matrix: Matrix): Matrix {
  return matrix.map((row) => row.map(Math.abs));
}

/** matrix * middle * transpose(matrix), row by row. */
function sandwich(matrix: Matrix, middle: (i: number, j: number) => number): Float64Array {
  const [rows, inner] = [matrix.length, matrix[0]!.length];
  const half = new Float64Array(rows * inner);
  for (let r = 0; r < rows; r++)
    for (let j = 0; j < inner; j++)
      for (let i = 0; i < inner; i++) half[r * inner + j]! += matrix[r]![i]! * middle(i, j);
  const out = new Float64Array(rows * rows);
  for (let r = 0; r < rows; r++)
    for (let s = 0; s < rows; s++)
      for (let j = 0; j < inner; j++) out[r * rows + s]! += half[r * inner + j]! * matrix[s]![j]!;
  return out;
}
