// CPU twin of crop2d.
import { nchw, type Shape } from '../base/shape.js';
import { type NdArray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Visits (x index, y index) of every pixel of the rectangle. */
function forEachPixel(x: Shape, attrs: Attrs, visit: (ix: number, iy: number) => void): void {
  const [N, C, H, W] = nchw('crop2d', x);
  const { top, left, height: P, width: Q } = attrs;
  for (let plane = 0; plane < N * C; plane++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++) visit((plane * H + top + p) * W + left + q, (plane * P + p) * Q + q);
}

function forward(x: NdArray, attrs: Attrs): NdArray {
  const y = zeros([...x.shape.slice(0, 2), attrs.height, attrs.width]);
  forEachPixel(x.shape, attrs, (ix, iy) => {
    y.data[iy] = x.data[ix]!;
  });
  return y;
}

// Copies in both directions: exact.
export const crop2dReference: ReferenceOp<Attrs> = {
  forward: ({ x }, attrs) => forward(x!, attrs),
  backward: {
    x({ x }, _y, dy, attrs) {
      const dx = zeros(x!.shape);
      forEachPixel(x!.shape, attrs, (ix, iy) => {
        dx.data[ix] = dy.data[iy]!;
      });
      return dx;
    },
  },
  forwardBound: ({ x }, { height, width }) => ({
    magnitude: zeros([...x!.shape.slice(0, 2), height, width]),
    terms: 1,
  }),
  backwardBound: { x: ({ x }) => ({ magnitude: zeros(x!.shape), terms: 1 }) },
};
