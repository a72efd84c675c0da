// CPU twin of l2_normalize.
import { abs, map, type NdArray, type ReferenceOp } from './array.js';

interface Attrs {
  readonly epsilon?: number;
}

/** sum_e a[n,e] * b[n,e] of every row. */
function rowProducts(a: NdArray, b: NdArray): number[] {
  const [N, D] = a.shape as unknown as [number, number];
  return Array.from({ length: N }, (_, n) => {
    let sum = 0;
    for (let i = n * D; i < (n + 1) * D; i++) sum += a.data[i]! * b.data[i]!;
    return sum;
  });
}

/** 1 / sqrt(epsilon + |x|^2) of every row. */
const inverses = (x: NdArray, { epsilon = 1e-10 }: Attrs) =>
  rowProducts(x, x).map((square) => 1 / Math.sqrt(epsilon + square));

function forward(x: NdArray, attrs: Attrs): NdArray {
  const inverse = inverses(x, attrs);
  const D = x.shape[1]!;
  return map(x, (value, i) => value * inverse[Math.floor(i / D)]!);
}

/** The two terms of dx: r * dy, and x * r^3 * <x, dy>. */
function gradientTerms(x: NdArray, dy: NdArray, attrs: Attrs): [NdArray, NdArray] {
  const inverse = inverses(x, attrs);
  const products = rowProducts(x, dy);
  const D = x.shape[1]!;
  const row = (i: number) => Math.floor(i / D);
  return [
    map(dy, (value, i) => inverse[row(i)]! * value),
    map(x, (value, i) => value * inverse[row(i)]! ** 3 * products[row(i)]!),
  ];
}

// The sum of squares has D + 1 positive terms, so that its relative error is that of a sum of as many products; the
// inverse root takes over half of it and adds 2 ULP, 4 roundings.
export const l2NormalizeReference: ReferenceOp<Attrs> = {
  forward: ({ x }, attrs) => forward(x!, attrs),
  backward: {
    x({ x }, _y, dy, attrs) {
      const [direct, along] = gradientTerms(x!, dy, attrs);
      return map(direct, (value, i) => value - along.data[i]!);
    },
  },
  // r, and the product with it.
  forwardBound({ x }, attrs) {
    const terms = x!.shape[1]! + 1;
    const size = 1 / 2 + (4 + 1) / Math.sqrt(terms);
    return { magnitude: map(forward(abs(x!), attrs), (value) => size * value), terms };
  },
  backwardBound: {
    // First term: r, the difference and the product. Second: the sum of products, r three times, its two products with
    // r, that with x, the difference and the last product.
    x({ x }, _y, dy, attrs) {
      const terms = x!.shape[1]! + 1;
      const [direct, along] = gradientTerms(abs(x!), abs(dy), attrs);
      const ofDirect = 1 / 2 + (4 + 2) / Math.sqrt(terms);
      const ofAlong = 1 + 3 / 2 + (3 * 4 + 5) / Math.sqrt(terms);
      return { magnitude: map(direct, (value, i) => ofDirect * value + ofAlong * along.data[i]!), terms };
    },
  },
};
