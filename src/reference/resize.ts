// CPU twin of resize_bilinear: the separable filter as one double sum, in float64.
import { nchw } from '../base/shape.js';
import { abs, map, type NdArray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly height: number;
  readonly width: number;
  readonly antialias: boolean;
}

interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** Input pixels and normalised weights of each output pixel along one axis. */
function taps(inputs: number, outputs: number, antialias: boolean): Tap[][] {
  const scale = inputs / outputs;
  const support = antialias ? Math.max(scale, 1) : 1;
  return Array.from({ length: outputs }, (_, o) => {
    const centre = (o + 0.5) * scale;
    const found: Tap[] = [];
    for (
      let i = Math.max(0, Math.floor(centre - support));
      i < Math.min(inputs, Math.ceil(centre + support));
      i++
    ) {
      const weight = 1 - Math.abs(i + 0.5 - centre) / support;
      if (weight > 0) found.push({ index: i, weight });
    }
    const total = found.reduce((sum, { weight }) => sum + weight, 0);
    return found.map(({ index, weight }) => ({ index, weight: weight / total }));
  });
}

/** Visits (x index, y index, weight) of every pair of pixels. */
function forEachTap(
  x: readonly number[],
  attrs: Attrs,
  visit: (ix: number, iy: number, weight: number) => void,
): void {
  const [N, C, H, W] = nchw('resize', x);
  const rows = taps(H, attrs.height, attrs.antialias);
  const columns = taps(W, attrs.width, attrs.antialias);
  for (let plane = 0; plane < N * C; plane++)
    for (const [p, vertical] of rows.entries())
      for (const [q, horizontal] of columns.entries())
        for (const v of vertical)
          for (const h of horizontal)
            visit(
              (plane * H + v.index) * W + h.index,
              (plane * attrs.height + p) * attrs.width + q,
              v.weight * h.weight,
            );
}

function forward(x: NdArray, attrs: Attrs): NdArray {
  const [n, c] = nchw('resize', x.shape);
  const y = zeros([n, c, attrs.height, attrs.width]);
  forEachTap(x.shape, attrs, (ix, iy, weight) => {
    y.data[iy]! += weight * x.data[ix]!;
  });
  return y;
}

function backward(x: NdArray, dy: NdArray, attrs: Attrs): NdArray {
  const dx = zeros(x.shape);
  forEachTap(x.shape, attrs, (ix, iy, weight) => {
    dx.data[ix]! += weight * dy.data[iy]!;
  });
  return dx;
}

/** Most terms that the two passes add for one result: `from` pixels spread over, or drawn from, `to`. */
function terms(x: NdArray, attrs: Attrs, backwards: boolean): number {
  const [, , H, W] = nchw('resize', x.shape);
  const along = (inputs: number, outputs: number) => {
    const support = attrs.antialias ? Math.max(inputs / outputs, 1) : 1;
    return Math.ceil(2 * support * (backwards ? outputs / inputs : 1)) + 1;
  };
  return along(H, attrs.height) + along(W, attrs.width);
}

/**
 * Each pass divides by the sum of its weights: 2.5 ULP (WGSL, "Accuracy of concrete floating point
 * expressions", x / y), at most 5 units of 2^-24, and 1 unit for the conversion of that sum to f32. The bound
 * of K terms counts 4 sqrt(K) such units.
 */
function withDivisions(magnitude: NdArray, count: number): NdArray {
  return map(magnitude, (value) => value * (1 + (2 * 6) / (4 * Math.sqrt(count))));
}

export const resizeBilinearReference: ReferenceOp<Attrs> = {
  forward: ({ x }, attrs) => forward(x!, attrs),
  backward: { x: ({ x }, _y, dy, attrs) => backward(x!, dy, attrs) },
  forwardBound({ x }, attrs) {
    const count = terms(x!, attrs, false);
    return { magnitude: withDivisions(forward(abs(x!), attrs), count), terms: count };
  },
  backwardBound: {
    x({ x }, _y, dy, attrs) {
      const count = terms(x!, attrs, true);
      return { magnitude: withDivisions(backward(x!, abs(dy), attrs), count), terms: count };
    },
  },
};
