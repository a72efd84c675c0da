// CPU twin of total_variation.
import { nchw, type Shape } from '../base/shape.js';
import { abs, type NdArray, ndarray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly form: 'l1' | 'l2';
  readonly scale: number;
}

/** Visits every pair of vertical and horizontal neighbours in each plane. */
function forEachPair(x: Shape, visit: (a: number, b: number) => void): void {
  const [N, C, H, W] = nchw('total_variation', x);
  for (let plane = 0; plane < N * C; plane++)
    for (let h = 0; h < H; h++)
      for (let w = 0; w < W; w++) {
        const at = (plane * H + h) * W + w;
        if (w + 1 < W) visit(at, at + 1);
        if (h + 1 < H) visit(at, at + W);
      }
}

function forward(x: NdArray, { form, scale }: Attrs): NdArray {
  let sum = 0;
  forEachPair(x.shape, (a, b) => {
    const difference = x.data[b]! - x.data[a]!;
    sum += form === 'l1' ? Math.abs(difference) : difference * difference;
  });
  return ndarray([1], [scale * sum]);
}

/** The gradient; with `magnitude` the absolute values of its terms instead. */
function backward(x: NdArray, dy: NdArray, { form, scale }: Attrs, magnitude = false): NdArray {
  const dx = zeros(x.shape);
  const factor = scale * dy.data[0]!;
  forEachPair(x.shape, (a, b) => {
    const difference = x.data[b]! - x.data[a]!;
    const slope = factor * (form === 'l1' ? Math.sign(difference) : 2 * difference);
    dx.data[a]! -= magnitude ? -Math.abs(slope) : slope;
    dx.data[b]! += magnitude ? Math.abs(slope) : slope;
  });
  return dx;
}

export const totalVariationReference: ReferenceOp<Attrs> = {
  forward: ({ x }, attrs) => forward(x!, attrs),
  backward: { x: ({ x }, _y, dy, attrs) => backward(x!, dy, attrs) },
  // No term is negative, so that the sum is its own magnitude; two terms for each value.
  forwardBound: ({ x }, attrs) => ({ magnitude: abs(forward(x!, attrs)), terms: 2 * x!.data.length }),
  backwardBound: { x: ({ x }, _y, dy, attrs) => ({ magnitude: backward(x!, dy, attrs, true), terms: 6 }) },
};
