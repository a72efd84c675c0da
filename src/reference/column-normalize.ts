// CPU twin of column_normalize.
import { abs, map, type NdArray, type ReferenceOp } from './array.js';

interface Attrs {
  readonly centre: boolean;
  readonly divide: boolean;
  readonly epsilon: number;
}

/** Mean of f over each column. */
function columnMeans(a: NdArray, f: (value: number, i: number) => number): Float64Array {
  const [M, C] = a.shape as unknown as [number, number];
  const mean = new Float64Array(C);
  for (const [i, value] of a.data.entries()) mean[i % C]! += f(value, i) / M;
  return mean;
}

/** Means of the columns, and what they are divided by. */
function scalesOf(x: NdArray, { divide, epsilon }: Attrs) {
  const mean = columnMeans(x, (value) => value);
  return { mean, size: mean.map((value) => (divide ? value + epsilon : 1)) };
}

function forward(x: NdArray, attrs: Attrs): NdArray {
  const { mean, size } = scalesOf(x, attrs);
  const C = mean.length;
  const centre = Number(attrs.centre);
  return map(x, (value, i) => (value - centre * mean[i % C]!) / size[i % C]!);
}

/** Of y: each term's absolute, and what an error of the mean does to it. */
function forwardSize(x: NdArray, attrs: Attrs): NdArray {
  const { size } = scalesOf(x, attrs);
  const most = columnMeans(abs(x), (value) => value);
  const y = forward(x, attrs);
  const [C, centre, divide] = [size.length, Number(attrs.centre), Number(attrs.divide)];
  return map(y, (value, i) => {
    const [s, m] = [Math.abs(size[i % C]!), most[i % C]!];
    const numerator = (Math.abs(x.data[i]!) + 2 * centre * m) / s;
    // The division has 2.5 ULP, the sum with epsilon one rounding.
    return numerator + Math.abs(value) * ((divide * m) / s + 4);
  });
}

export const columnNormalizeReference: ReferenceOp<Attrs> = {
  forward: ({ x }, attrs) => forward(x!, attrs),
  backward: {
    x({ x }, _y, dy, attrs) {
      const y = forward(x!, attrs);
      const { size } = scalesOf(x!, attrs);
      const [C, centre, divide] = [size.length, Number(attrs.centre), Number(attrs.divide)];
      const mean = columnMeans(dy, (value, i) => value * (centre + divide * y.data[i]!));
      return map(dy, (value, i) => (value - mean[i % C]!) / size[i % C]!);
    },
  },
  forwardBound: ({ x }, attrs) => ({ magnitude: forwardSize(x!, attrs), terms: x!.shape[0]! + 4 }),
  backwardBound: {
    x({ x }, _y, dy, attrs) {
      const most = columnMeans(abs(x!), (value) => value);
      const { size } = scalesOf(x!, attrs);
      const ofY = forwardSize(x!, attrs);
      const y = forward(x!, attrs);
      const [C, centre, divide] = [size.length, Number(attrs.centre), Number(attrs.divide)];
      const means = columnMeans(abs(dy), (value, i) => {
        return value * (centre + divide * (Math.abs(y.data[i]!) + ofY.data[i]!));
      });
      const magnitude = map(dy, (value, i) => {
        const s = Math.abs(size[i % C]!);
        return ((Math.abs(value) + 2 * means[i % C]!) / s) * ((divide * most[i % C]!) / s + 4);
      });
      return { magnitude, terms: x!.shape[0]! + 8 };
    },
  },
};
