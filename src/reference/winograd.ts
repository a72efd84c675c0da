// What F(m x m, 3x3) may miss in float32.
import { type Matrix, WINOGRAD, type WinogradTile } from '../base/winograd.js';
import { type Bound, type NdArray, zeros } from './array.js';

/** Roundings on the way through the two products with G (3 terms, and its own rounded coefficients). */
const FILTER_TERMS = 8;

/**
 * Bound of a 3x3 convolution of stride 1 by F(m x m, 3x3), y = AT (sum_c U . V) A with U = G g GT and V = BT d B.
 * Three kinds of roundings, each to first order and relative to what it rounds, meet in every frequency:
 * - those of the matrix product, C + 1 terms of sum_c |U V|;
 * - those of the transforms of filter and input, relative to |G| |g| |GT| and |BT| |d| |B|. They differ from channel
 *   to channel, so that they add up over the channels as independent errors do, by their squares;
 * - those of the output's transform, 2 (m + 2) terms of |sum_c U V|.
 * |AT| . |A| carries them to the output. The roots of the numbers of terms are in the magnitude, hence `terms: 1`.
 */
export function winogradBound(
  x: NdArray,
  weight: NdArray,
  bias: NdArray | undefined,
  y: readonly number[],
  pad: number,
  m: WinogradTile,
): Bound {
  const { AT, G, BT } = WINOGRAD[m];
  const side = m + 2;
  const [N, C, H, W] = x.shape as unknown as [number, number, number, number];
  const [, K, P, Q] = y as unknown as [number, number, number, number];
  const filters = Array.from({ length: K * C }, (_, kc) =>
    signedAndAbsolute(G, (i, j) => weight.data[(kc * 3 + i) * 3 + j]!),
  );
  const magnitude = zeros([N, K, P, Q]);
  for (let n = 0; n < N; n++)
    for (let p0 = 0; p0 < P; p0 += m)
      for (let q0 = 0; q0 < Q; q0 += m) {
        const inputs = Array.from({ length: C }, (_, c) =>
          signedAndAbsolute(BT, (i, j) => {
            const [h, w] = [p0 + i - pad, q0 + j - pad];
            return h < 0 || h >= H || w < 0 || w >= W ? 0 : x.data[((n * C + c) * H + h) * W + w]!;
          }),
        );
        for (let k = 0; k < K; k++) {
          const error = new Float64Array(side * side);
          for (let e = 0; e < error.length; e++) {
            let [sum, sizes, squares] = [0, 0, 0];
            for (let c = 0; c < C; c++) {
              const [u, v] = [filters[k * C + c]!, inputs[c]!];
              sum += u.value[e]! * v.value[e]!;
              sizes += Math.abs(u.value[e]! * v.value[e]!);
              squares += FILTER_TERMS * (u.size[e]! * v.value[e]!) ** 2;
              squares += 2 * side * (u.value[e]! * v.size[e]!) ** 2;
            }
            error[e] = Math.sqrt(C + 1) * sizes + Math.sqrt(squares) + Math.sqrt(2 * side) * Math.abs(sum);
          }
          const block = sandwich(absolute(AT), (i, j) => error[i * side + j]!);
          for (let i = 0; i < m && p0 + i < P; i++)
            for (let j = 0; j < m && q0 + j < Q; j++)
              magnitude.data[((n * K + k) * P + p0 + i) * Q + q0 + j] =
                block[i * m + j]! + Math.abs(bias?.data[k] ?? 0);
        }
      }
  return { magnitude, terms: 1 };
}

/** matrix * middle * transpose(matrix), and the same of absolute values. */
function signedAndAbsolute(matrix: Matrix, middle: (i: number, j: number) => number) {
  return {
    value: sandwich(matrix, middle),
    size: sandwich(absolute(matrix), (i, j) => Math.abs(middle(i, j))),
  };
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
