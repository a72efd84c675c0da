// CPU twin of pixel_rows.
import { abs, type NdArray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly rows: number;
  readonly columns: number;
  readonly step: number;
}

/** Calls `visit` with where each value lies in y and in x [N,C,H,W]. */
function forEach(
  shape: readonly number[],
  at: NdArray,
  { rows, columns, step }: Attrs,
  visit: (inRows: number, inImage: number) => void,
): void {
  const [N, C, H, W] = shape as [number, number, number, number];
  let row = 0;
  for (let n = 0; n < N; n++)
    for (let p = 0; p < rows; p++)
      for (let q = 0; q < columns; q++, row++)
        for (let c = 0; c < C; c++) {
          const [h, w] = [at.data[2 * n]! + p * step, at.data[2 * n + 1]! + q * step];
          visit(row * C + c, ((n * C + c) * H + h) * W + w);
        }
}

export const pixelRowsReference: ReferenceOp<Attrs> = {
  forward({ x, at }, attrs) {
    const [N, C] = x!.shape as unknown as [number, number];
    const y = zeros([N * attrs.rows * attrs.columns, C]);
    forEach(x!.shape, at!, attrs, (to, from) => {
      y.data[to] = x!.data[from]!;
    });
    return y;
  },
  backward: {
    x({ x, at }, _y, dy, attrs) {
      const dx = zeros(x!.shape);
      forEach(x!.shape, at!, attrs, (from, to) => {
        dx.data[to] = dy.data[from]!;
      });
      return dx;
    },
  },
  // Values are copied.
  forwardBound: (inputs, attrs) => ({ magnitude: abs(pixelRowsReference.forward(inputs, attrs)), terms: 1 }),
  backwardBound: {
    x: (inputs, y, dy, attrs) => ({
      magnitude: abs(pixelRowsReference.backward.x!(inputs, y, dy, attrs)),
      terms: 1,
    }),
  },
};
