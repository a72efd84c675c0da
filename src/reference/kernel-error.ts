// CPU twin of kernel_error.
import { abs, map, type NdArray, ndarray, type ReferenceOp } from './array.js';
import { product, transposed } from './matmul.js';

const EPSILON = 1e-12;

/** A^T B. */
const over = (a: NdArray, b: NdArray) => product(transposed(a), b);

const squares = (a: NdArray) => a.data.reduce((sum, value) => sum + value * value, 0);

/** Squared norms of T^T X and X^T X. */
const normsOf = (x: NdArray, t: NdArray) => ({ cross: squares(over(t, x)), own: squares(over(x, x)) });

/** By how much the relative errors of squared norms exceed that of a sum of positive products. */
function growthOf(x: NdArray, t: NdArray) {
  const real = normsOf(x, t);
  const most = normsOf(abs(x), abs(t));
  return { cross: (2 * most.cross) / real.cross, own: (2 * most.own) / real.own };
}

/** Terms of the longest sums: a product's over the rows, a squared norm's over a matrix. */
function termsOf(x: NdArray, t: NdArray): number {
  return x.shape[0]! + Math.max(x.shape[1]!, t.shape[1]!) ** 2 + 16;
}

export const kernelErrorReference: ReferenceOp = {
  forward({ x, target, energy }) {
    const { cross, own } = normsOf(x!, target!);
    return ndarray([1], [1 - cross / (Math.sqrt(own) * Math.sqrt(energy!.data[0]!) + EPSILON)]);
  },
  backward: {
    x({ x, target, energy }, _y, dy) {
      const { cross, own } = normsOf(x!, target!);
      const goal = energy!.data[0]!;
      const size = Math.sqrt(own) * Math.sqrt(goal) + EPSILON;
      const share = own > 0 ? (cross / size) * Math.sqrt(goal / own) : 0;
      const inner = product(x!, over(x!, x!));
      const outer = product(target!, over(target!, x!));
      const factor = (2 * dy.data[0]!) / size;
      return map(inner, (value, i) => factor * (share * value - outer.data[i]!));
    },
  },
  // The cosine takes over the error of the squared norm above and half of that below, besides roots and a quotient; then
  // it is taken from 1.
  forwardBound({ x, target, energy }) {
    const { cross, own } = normsOf(x!, target!);
    const growth = growthOf(x!, target!);
    const cosine = cross / Math.sqrt(own * energy!.data[0]!);
    const size = cosine * (growth.cross + growth.own / 2 + 12) + 1;
    return { magnitude: ndarray([1], [size]), terms: termsOf(x!, target!) };
  },
  backwardBound: {
    // Products of rows, those with rows again, and the factors in front of them.
    x({ x, target, energy }, _y, dy) {
      const { cross, own } = normsOf(x!, target!);
      const growth = growthOf(x!, target!);
      const goal = energy!.data[0]!;
      const size = Math.sqrt(own) * Math.sqrt(goal) + EPSILON;
      const share = (cross / size) * Math.sqrt(goal / own);
      const [a, b] = [abs(x!), abs(target!)];
      const inner = product(a, over(a, a));
      const outer = product(b, over(b, a));
      const factor = (2 * Math.abs(dy.data[0]!)) / size;
      const before = growth.own / 2 + 2 + 12;
      const inside = growth.cross + 1.5 * growth.own + 12;
      return {
        magnitude: map(inner, (value, i) => {
          return factor * (share * value * (before + inside) + outer.data[i]! * before);
        }),
        terms: termsOf(x!, target!),
      };
    },
  },
};
