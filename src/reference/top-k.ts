// CPU twin of the nearest rows: all distances, sorted.
import { type Bound, map, type NdArray, zeros } from './array.js';

/** Squared distances [B,k], ascending, and numbers of the rows [B,k]; the largest f32 and -1 beyond the last row. */
export interface Nearest {
  readonly distances: NdArray;
  readonly numbers: NdArray;
}

/** sum_d (queries[b,d] - gallery[m,d])^2. */
export function squaredDistance(queries: NdArray, b: number, gallery: NdArray, m: number): number {
  const dimension = queries.shape[1]!;
  let sum = 0;
  for (let d = 0; d < dimension; d++)
    sum += (queries.data[b * dimension + d]! - gallery.data[m * dimension + d]!) ** 2;
  return sum;
}

/** The k nearest of the first `rows` rows of gallery [M,D] to each of queries [B,D]; equal distances by row. */
export function topKReference(queries: NdArray, gallery: NdArray, k: number, rows: number): Nearest {
  const batch = queries.shape[0]!;
  const distances = map(zeros([batch, k]), () => 2 ** 128 - 2 ** 104);
  const numbers = map(zeros([batch, k]), () => -1);
  for (let b = 0; b < batch; b++) {
    const all = Float64Array.from({ length: rows }, (_, m) => squaredDistance(queries, b, gallery, m));
    const order = Array.from(all.keys()).sort((i, j) => all[i]! - all[j]! || i - j);
    for (const [place, m] of order.slice(0, k).entries()) {
      distances.data[b * k + place] = all[m]!;
      numbers.data[b * k + place] = m;
    }
  }
  return { distances, numbers };
}

/**
 * What float32 distances may miss. Each of the D squares has two roundings of its difference and one of its own; that
 * holds for every row, and the i-th smallest of values that err by a share of themselves errs by no more than it.
 */
export function topKBound(expected: Nearest, dimension: number): Bound {
  const magnitude = map(expected.distances, (value, i) => (expected.numbers.data[i]! < 0 ? 0 : value));
  return { magnitude, terms: dimension + 4 };
}
