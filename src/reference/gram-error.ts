// CPU twin of gram_error.
import { abs, type NdArray, ndarray, type ReferenceOp, zeros } from './array.js';
import { gramOf, squares } from './block-energy.js';

interface Attrs {
  readonly block: number;
}

const EPSILON = 1e-6;

/** Sum over pairs of rows of a block of f(<x_i, x_j>, <x_i, t_j>). */
function overPairs(
  x: NdArray,
  t: NdArray,
  first: number,
  n: number,
  f: (i: number, j: number, xx: number, xt: number) => void,
): void {
  const C = x.shape[1]!;
  for (let i = first; i < first + n; i++)
    for (let j = first; j < first + n; j++) {
      let [xx, xt] = [0, 0];
      for (let c = 0; c < C; c++) {
        xx += x.data[i * C + c]! * x.data[j * C + c]!;
        xt += x.data[i * C + c]! * t.data[j * C + c]!;
      }
      f(i, j, xx, xt);
    }
}

/** X^T X - T^T T of each block, its square, and by how much the energy that is given differs from |T^T T|^2. */
function blocksOf(x: NdArray, t: NdArray, given: NdArray, n: number) {
  return Array.from({ length: x.shape[0]! / n }, (_, b) => {
    const goal = gramOf(t, b * n, n);
    const difference = gramOf(x, b * n, n).map((value, i) => value - goal[i]!);
    const energy = given.data[b]!;
    return {
      difference,
      error: squares(difference) - squares(goal) + energy,
      energy: energy + EPSILON,
    };
  });
}

/** The sums over pairs with all terms positive. */
function sizeOf(x: NdArray, t: NdArray, b: number, n: number): number {
  let all = 0;
  overPairs(abs(x), abs(t), b * n, n, (_i, _j, xx, xt) => {
    all += xx * xx + 2 * xt * xt;
  });
  return all;
}

export const gramErrorReference: ReferenceOp<Attrs> = {
  forward({ x, target, energy }, { block }) {
    const ratios = blocksOf(x!, target!, energy!, block).map((own) => own.error / own.energy);
    return ndarray([1], [ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length]);
  },
  backward: {
    // d/dX |X^T X - T^T T|^2 = 4 X (X^T X - T^T T).
    x({ x, target, energy }, _y, dy, { block: n }) {
      const C = x!.shape[1]!;
      const all = blocksOf(x!, target!, energy!, n);
      const dx = zeros(x!.shape);
      for (const [b, { difference, energy: goal }] of all.entries()) {
        const factor = (4 * dy.data[0]!) / (goal * all.length);
        for (let i = b * n; i < (b + 1) * n; i++)
          for (let c = 0; c < C; c++)
            for (let d = 0; d < C; d++)
              dx.data[i * C + d]! += factor * x!.data[i * C + c]! * difference[c * C + d]!;
      }
      return dx;
    },
  },
  // A product of rows errs by the length of its sum, its square by twice that; the sums over pairs and the energy cancel.
  forwardBound({ x, target, energy }, { block: n }) {
    const all = blocksOf(x!, target!, energy!, n);
    const size = all.map((own, b) => (2 * sizeOf(x!, target!, b, n) + 2 * own.energy) / own.energy);
    return {
      magnitude: ndarray([1], [size.reduce((sum, value) => sum + value, 0) / all.length]),
      terms: x!.shape[1]! + 3 * n * n + all.length + 8,
    };
  },
  backwardBound: {
    // Products of rows, their products with rows again, and the factor in front.
    x({ x, target, energy }, _y, dy, { block: n }) {
      const [M, C] = x!.shape as unknown as [number, number];
      const all = blocksOf(x!, target!, energy!, n);
      const magnitude = zeros([M, C]);
      for (const [b, own] of all.entries()) {
        const factor = (4 * Math.abs(dy.data[0]!) * 2) / (own.energy * all.length);
        overPairs(abs(x!), abs(target!), b * n, n, (i, j, xx, xt) => {
          for (let c = 0; c < C; c++) {
            const term = xx * Math.abs(x!.data[j * C + c]!) + xt * Math.abs(target!.data[j * C + c]!);
            magnitude.data[i * C + c]! += factor * term;
          }
        });
      }
      return { magnitude, terms: C + 2 * n + 8 };
    },
  },
};
