// CPU twin of lp_pool2d (p = 2).
import { abs, map, type NdArray, type ReferenceOp, zeros } from './array.js';
import { forEachPixel, overlap, type PoolAttrs, pooledShape } from './pool2d.js';

function forward(x: NdArray, attrs: PoolAttrs): NdArray {
  const sums = zeros(pooledShape(x.shape, attrs));
  forEachPixel(x.shape, attrs, (ix, iy) => {
    sums.data[iy]! += x.data[ix]! ** 2;
  });
  return map(sums, Math.sqrt);
}

function backward(x: NdArray, y: NdArray, dy: NdArray, attrs: PoolAttrs): NdArray {
  const dx = zeros(x.shape);
  forEachPixel(x.shape, attrs, (ix, iy) => {
    if (y.data[iy]! > 0) dx.data[ix]! += (x.data[ix]! * dy.data[iy]!) / y.data[iy]!;
  });
  return dx;
}

/** `magnitude` for a sum of `terms` whose result errs by `units` of 2^-24 besides: the bound counts 4 sqrt(terms). */
function withUnits(magnitude: NdArray, terms: number, units: number): NdArray {
  return map(magnitude, (value) => value * (1 + units / (4 * Math.sqrt(terms))));
}

export const lpPool2dReference: ReferenceOp<PoolAttrs> = {
  forward: ({ x }, attrs) => forward(x!, attrs),
  backward: { x: ({ x }, y, dy, attrs) => backward(x!, y, dy, attrs) },
  forwardBound({ x }, attrs) {
    const terms = attrs.window ** 2 + 1;
    // The root halves the error of its sum. It errs by 1 / inverseSqrt: 2 ULP and 2.5 ULP, at most 9 units (WGSL,
    // "Accuracy of concrete floating point expressions").
    return { magnitude: withUnits(forward(x!, attrs), terms, 9), terms };
  },
  backwardBound: {
    x({ x }, y, dy, attrs) {
      const terms = overlap(attrs) + 1;
      // 5 units for the division, which may err by 2.5 ULP.
      return { magnitude: withUnits(backward(abs(x!), y, abs(dy), attrs), terms, 5), terms };
    },
  },
};
