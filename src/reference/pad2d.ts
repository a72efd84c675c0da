// CPU twin of pad2d.
import { nchw, type Shape } from '../base/shape.js';
import { abs, type NdArray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
  readonly mode: 'zero' | 'replicate' | 'reflect';
}

/** Input position that output position `i` (counted from the first input pixel) shows, or -1. */
function source(i: number, extent: number, mode: Attrs['mode']): number {
  if (i >= 0 && i < extent) return i;
  if (mode === 'zero') return -1;
  if (mode === 'replicate') return i < 0 ? 0 : extent - 1;
  return i < 0 ? -i : 2 * (extent - 1) - i;
}

function outputShape(x: Shape, { top, bottom, left, right }: Attrs): Shape {
  const [n, c, h, w] = nchw('pad2d', x);
  return [n, c, top + h + bottom, left + w + right];
}

/** Visits (x index, y index) of every output pixel that shows an input pixel. */
function forEachPixel(x: Shape, attrs: Attrs, visit: (ix: number, iy: number) => void): void {
  const [N, C, H, W] = nchw('pad2d', x);
  const [, , P, Q] = nchw('pad2d', outputShape(x, attrs));
  for (let plane = 0; plane < N * C; plane++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++) {
        const h = source(p - attrs.top, H, attrs.mode);
        const w = source(q - attrs.left, W, attrs.mode);
        if (h >= 0 && w >= 0) visit((plane * H + h) * W + w, (plane * P + p) * Q + q);
      }
}

function backward(x: NdArray, dy: NdArray, attrs: Attrs): NdArray {
  const dx = zeros(x.shape);
  forEachPixel(x.shape, attrs, (ix, iy) => {
    dx.data[ix]! += dy.data[iy]!;
  });
  return dx;
}

/** Most output pixels that show one input pixel. */
function copies({ mode, top, bottom, left, right }: Attrs): number {
  if (mode === 'zero') return 1;
  return mode === 'reflect' ? 9 : (top + bottom + 1) * (left + right + 1);
}

export const pad2dReference: ReferenceOp<Attrs> = {
  forward({ x }, attrs) {
    const y = zeros(outputShape(x!.shape, attrs));
    forEachPixel(x!.shape, attrs, (ix, iy) => {
      y.data[iy] = x!.data[ix]!;
    });
    return y;
  },
  backward: { x: ({ x }, _y, dy, attrs) => backward(x!, dy, attrs) },
  // A copy: exact.
  forwardBound: ({ x }, attrs) => ({ magnitude: zeros(outputShape(x!.shape, attrs)), terms: 1 }),
  backwardBound: {
    x: ({ x }, _y, dy, attrs) => ({ magnitude: backward(x!, abs(dy), attrs), terms: copies(attrs) }),
  },
};
