// CPU twin of gram_error.
import { abs, type NdArray, ndarray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly block: number;
}

const EPSILON = 1e-6;

/** X^T Y of rows `first` .. `first + n` as [C][C]. */
function product(x: NdArray, y: NdArray, first: number, n: number): Float64Array {
  const C = x.shape[1]!;
  const out = new Float64Array(C * C);
  for (let i = first; i < first + n; i++)
    for (let c = 0; c < C; c++)
      for (let d = 0; d < C; d++) out[c * C + d]! += x.data[i * C + c]! * y.data[i * C + d]!;
  return out;
}

/** Sum over pairs of rows of a block of f(<x_i, x_j>, <x_i, t_j>, <t_i, t_j>). */
function overPairs(
  x: NdArray,
  t: NdArray,
  first: number,
  n: number,
  f: (i: number, j: number, xx: number, xt: number, tt: number) => void,
): void {
  const C = x.shape[1]!;
  for (let i = first; i < first + n; i++)
    for (let j = first; j < first + n; j++) {
      let [xx, xt, tt] = [0, 0, 0];
      for (let c = 0; c < C; c++) {
        xx += x.data[i * C + c]! * x.data[j * C + c]!;
        xt += x.data[i * C + c]! * t.data[j * C + c]!;
        tt += t.data[i * C + c]! * t.data[j * C + c]!;
      }
      f(i, j, xx, xt, tt);
    }
}

const squares = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);

/** Error and energy of each block, from Gram matrices as they are defined. */
function blocksOf(x: NdArray, t: NdArray, n: number) {
  return Array.from({ length: x.shape[0]! / n }, (_, b) => {
    const own = product(x, x, b * n, n);
    const goal = product(t, t, b * n, n);
    return { error: squares(own.map((value, i) => value - goal[i]!)), energy: squares(goal) + EPSILON };
  });
}

/** Of the sums over pairs: their size with all terms positive, and that of the energy. */
function sizes(x: NdArray, t: NdArray, b: number, n: number): { all: number; energy: number } {
  let [all, energy] = [0, EPSILON];
  overPairs(abs(x), abs(t), b * n, n, (_i, _j, xx, xt, tt) => {
    all += xx * xx + 2 * xt * xt + tt * tt;
    energy += tt * tt;
  });
  return { all, energy };
}

export const gramErrorReference: ReferenceOp<Attrs> = {
  forward({ x, target }, { block }) {
    const ratios = blocksOf(x!, target!, block).map(({ error, energy }) => error / energy);
    return ndarray([1], [ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length]);
  },
  backward: {
    // d/dX |X^T X - T^T T|^2 = 4 X (X^T X - T^T T).
    x({ x, target }, _y, dy, { block: n }) {
      const C = x!.shape[1]!;
      const all = blocksOf(x!, target!, n);
      const dx = zeros(x!.shape);
      for (const [b, { energy }] of all.entries()) {
        const goal = product(target!, target!, b * n, n);
        const difference = product(x!, x!, b * n, n).map((value, i) => value - goal[i]!);
        const factor = (4 * dy.data[0]!) / (energy * all.length);
        for (let i = b * n; i < (b + 1) * n; i++)
          for (let c = 0; c < C; c++)
            for (let d = 0; d < C; d++)
              dx.data[i * C + d]! += factor * x!.data[i * C + c]! * difference[c * C + d]!;
      }
      return dx;
    },
  },
  // A product of rows errs by sqrt(C) of its absolute terms, its square by twice that; the sums over pairs cancel. The
  // energy errs likewise, and what is divided by it with it.
  forwardBound({ x, target }, { block: n }) {
    const all = blocksOf(x!, target!, n);
    const size = all.map(({ error, energy }, b) => {
      const most = sizes(x!, target!, b, n);
      return (2 * (most.all + (error * most.energy) / energy)) / energy;
    });
    return {
      magnitude: ndarray([1], [size.reduce((sum, value) => sum + value, 0) / all.length]),
      terms: x!.shape[1]! + 3 * n * n + all.length + 8,
    };
  },
  backwardBound: {
    // Products of rows, their products with rows again, and the energy.
    x({ x, target }, _y, dy, { block: n }) {
      const [M, C] = x!.shape as unknown as [number, number];
      const all = blocksOf(x!, target!, n);
      const magnitude = zeros([M, C]);
      for (const [b, { energy }] of all.entries()) {
        const share = 2 + (2 * sizes(x!, target!, b, n).energy) / energy;
        const factor = (4 * Math.abs(dy.data[0]!) * share) / (energy * all.length);
        overPairs(abs(x!), abs(target!), b * n, n, (i, j, xx, xt) => {
          for (let c = 0; c < C; c++) {
            const term = xx * Math.abs(x!.data[j * C + c]!) + xt * Math.abs(target!.data[j * C + c]!);
            magnitude.data[i * C + c]! += factor * term;
          }
        });
      }
      return { magnitude, terms: C + 2 * n + n * n + 8 };
    },
  },
};
