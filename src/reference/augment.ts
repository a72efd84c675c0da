// CPU twin of augment.
import { abs, type NdArray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly height: number;
  readonly width: number;
}

const RECIPE = 24;

/** Value of channel c at a pixel of sample n, its edge repeated outside. */
function sampler(x: NdArray): (n: number, c: number, row: number, column: number) => number {
  const [H, W] = x.shape.slice(-2) as [number, number];
  const packed = x.shape.length === 3;
  return (n, c, row, column) => {
    const h = Math.min(Math.max(row, 0), H - 1);
    const w = Math.min(Math.max(column, 0), W - 1);
    if (!packed) return x.data[((n * 3 + c) * H + h) * W + w]!;
    return (Math.floor(x.data[(n * H + h) * W + w]! / 256 ** c) % 256) / 255;
  };
}

/** With `bound`: sums of absolute values, neither clamped nor hidden. */
function vary(x: NdArray, recipe: NdArray, { height, width }: Attrs, bound: boolean): NdArray {
  const N = x.shape[0]!;
  const at = sampler(x);
  const y = zeros([N, 3, height, width]);
  for (let n = 0; n < N; n++) {
    const r = recipe.data.subarray(n * RECIPE, (n + 1) * RECIPE);
    const [top, left, mirrored, grey] = r as unknown as [number, number, number, number];
    const [w1, w2] = [r[16]!, r[17]!];
    const taps = [w2, w1, 1 - 2 * w1 - 2 * w2, w1, w2];
    const weights = bound ? taps.map(Math.abs) : taps;
    for (let p = 0; p < height; p++)
      for (let q = 0; q < width; q++) {
        const column = left + (mirrored > 0.5 ? width - 1 - q : q);
        const blurred = [0, 1, 2].map((c) => {
          let sum = 0;
          for (let i = 0; i < 5; i++)
            for (let j = 0; j < 5; j++)
              sum += weights[i]! * weights[j]! * at(n, c, top + p + i - 2, column + j - 2);
          return sum;
        });
        const hidden = p >= r[20]! && q >= r[21]! && p < r[22]! && q < r[23]!;
        for (let c = 0; c < 3; c++) {
          const row = Array.from(r.subarray(4 + 4 * c, 8 + 4 * c), bound ? Math.abs : (v) => v);
          const value = row[0]! * blurred[0]! + row[1]! * blurred[1]! + row[2]! * blurred[2]! + row[3]!;
          const to = ((n * 3 + c) * height + p) * width + q;
          if (bound) y.data[to] = value;
          else y.data[to] = hidden ? grey : Math.min(Math.max(value, 0), 1);
        }
      }
  }
  return y;
}

export const augmentReference: ReferenceOp<Attrs> = {
  forward: ({ x, recipe }, attrs) => vary(x!, recipe!, attrs, false),
  backward: {},
  // 25 products of two weights, three of colours and an offset; clamping moves no two values apart.
  forwardBound: ({ x, recipe }, attrs) => ({
    magnitude: vary(x!.shape.length === 3 ? x! : abs(x!), recipe!, attrs, true),
    terms: 2 * 25 + 4,
  }),
  backwardBound: {},
};
