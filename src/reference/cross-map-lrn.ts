// CPU twin of cross_map_lrn.
import { nchw } from '../base/shape.js';
import { map, type NdArray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;
}

/** Visits (index, index of a channel in its window) of all values. */
function forEachPair(x: NdArray, { size }: Attrs, visit: (i: number, j: number) => void): void {
  const [N, C, H, W] = nchw('cross_map_lrn', x.shape);
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let pixel = 0; pixel < H * W; pixel++)
        for (
          let j = Math.max(0, c - Math.floor(size / 2));
          j <= Math.min(C - 1, c + Math.floor((size - 1) / 2));
          j++
        )
          visit((n * C + c) * H * W + pixel, (n * C + j) * H * W + pixel);
}

function denominators(x: NdArray, attrs: Attrs): NdArray {
  const d = map(zeros(x.shape), () => attrs.k);
  forEachPair(x, attrs, (i, j) => {
    d.data[i]! += (attrs.alpha / attrs.size) * x.data[j]! ** 2;
  });
  return d;
}

function forward(x: NdArray, attrs: Attrs): NdArray {
  const d = denominators(x, attrs);
  return map(x, (value, i) => value * d.data[i]! ** -attrs.beta);
}

/** With sign -1 the gradient, with sign 1 and positive values the sum of the sizes of its terms. */
function backward(x: NdArray, dy: NdArray, d: NdArray, attrs: Attrs, sign: 1 | -1): NdArray {
  const { alpha, beta, size } = attrs;
  const dx = map(dy, (value, i) => value * d.data[i]! ** -beta);
  const factor = (sign * 2 * alpha * beta) / size;
  forEachPair(x, attrs, (i, j) => {
    dx.data[j]! += factor * x.data[j]! * dy.data[i]! * x.data[i]! * d.data[i]! ** (-beta - 1);
  });
  return dx;
}

/**
 * Units of 2^-24 by which pow(d, -beta) and a product may err (WGSL, "Accuracy of concrete floating point expressions"),
 * at most over all d: log2 errs by 2^-21 between 1/2 and 2 and by 3 ULP elsewhere, exp2(e) by 3 + 2|e| ULP, and an ULP
 * is up to two units.
 */
function powerUnits(d: NdArray, beta: number): number {
  return d.data.reduce((most, value) => {
    const log = Math.abs(Math.log2(value));
    const exponent = Math.abs(beta) * (Math.max(8, 6 * log) + 2 * log);
    return Math.max(most, Math.LN2 * exponent + 6 + 4 * Math.abs(beta) * log + 1);
  }, 0);
}

/** The sum under the power counts |beta| times in y, and once more in the quotient of the gradient. */
function widened(magnitude: NdArray, terms: number, power: number, units: number): NdArray {
  return map(magnitude, (value) => Math.abs(value) * (Math.max(1, power) + units / (4 * Math.sqrt(terms))));
}

export const crossMapLrnReference: ReferenceOp<Attrs> = {
  forward: ({ x }, attrs) => forward(x!, attrs),
  backward: { x: ({ x }, _y, dy, attrs) => backward(x!, dy, denominators(x!, attrs), attrs, -1) },
  forwardBound({ x }, attrs) {
    // The squares, their sum, alpha/size and k.
    const terms = attrs.size + 4;
    const units = powerUnits(denominators(x!, attrs), attrs.beta);
    return { magnitude: widened(forward(x!, attrs), terms, Math.abs(attrs.beta), units), terms };
  },
  backwardBound: {
    x({ x }, _y, dy, attrs) {
      const terms = 2 * attrs.size + 4;
      const d = denominators(x!, attrs);
      const positive = (a: NdArray) => map(a, Math.abs);
      const sizes = backward(positive(x!), positive(dy), d, { ...attrs, beta: Math.abs(attrs.beta) }, 1);
      // Five units for the division, four for the other factors.
      const units = powerUnits(d, attrs.beta) + 9;
      return { magnitude: widened(sizes, terms, Math.abs(attrs.beta) + 1, units), terms };
    },
  },
};
