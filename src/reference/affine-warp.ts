// CPU twin of affine_warp.
import { nchw } from '../base/shape.js';
import { type Arrays, abs, type NdArray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly height: number;
  readonly width: number;
  readonly mode: 'zero' | 'replicate';
}

/** One sample: its index in y, its place in x, and the sizes of the terms that the place was added up from. */
interface Sample {
  readonly iy: number;
  /** Index in x of row 0, column 0 of the plane. */
  readonly plane: number;
  readonly u: number;
  readonly v: number;
  readonly terms: number;
}

function forEachSample({ x, matrix }: Arrays, attrs: Attrs, visit: (sample: Sample) => void): void {
  const [pictures, C, H, W] = nchw('affine_warp', x!.shape);
  const N = matrix!.shape[0]!;
  const { height: P, width: Q } = attrs;
  for (let n = 0; n < N; n++) {
    const m = matrix!.data.subarray(6 * n, 6 * n + 6);
    const dot = (row: number, q: number, p: number) =>
      m[3 * row]! * q + m[3 * row + 1]! * p + m[3 * row + 2]!;
    const sizes = (q: number, p: number) =>
      [0, 3].reduce(
        (sum, at) => sum + Math.abs(m[at]! * q) + Math.abs(m[at + 1]! * p) + Math.abs(m[at + 2]!),
        0,
      );
    for (let c = 0; c < C; c++)
      for (let p = 0; p < P; p++)
        for (let q = 0; q < Q; q++)
          visit({
            iy: ((n * C + c) * P + p) * Q + q,
            plane: ((pictures === 1 ? 0 : n) * C + c) * H * W,
            u: dot(0, q, p),
            v: dot(1, q, p),
            terms: sizes(q, p),
          });
  }
}

/** Visits (x index, weight) of the pixels within `radius` steps of a sample's four; those outside of zeros are left out. */
function forEachTap(
  x: NdArray,
  { mode }: Attrs,
  { plane, u, v }: Sample,
  radius: number,
  visit: (ix: number, weight: number) => void,
): void {
  const [, , H, W] = nchw('affine_warp', x.shape);
  const held = (i: number, extent: number) => Math.min(Math.max(i, 0), extent - 1);
  for (let h = Math.floor(v) - radius; h <= Math.floor(v) + 1 + radius; h++)
    for (let w = Math.floor(u) - radius; w <= Math.floor(u) + 1 + radius; w++) {
      const weight = Math.max(0, 1 - Math.abs(u - w)) * Math.max(0, 1 - Math.abs(v - h));
      if (mode === 'replicate') visit(plane + held(h, H) * W + held(w, W), weight);
      else if (h >= 0 && h < H && w >= 0 && w < W) visit(plane + h * W + w, weight);
    }
}

function forward(inputs: Arrays, attrs: Attrs): NdArray {
  const y = zeros([inputs.matrix!.shape[0]!, inputs.x!.shape[1]!, attrs.height, attrs.width]);
  forEachSample(inputs, attrs, (sample) =>
    forEachTap(inputs.x!, attrs, sample, 0, (ix, weight) => {
      y.data[sample.iy]! += weight * inputs.x!.data[ix]!;
    }),
  );
  return y;
}

/** Roundings on the way of a sample: weights, products and sums of two linear interpolations. */
const SAMPLE_TERMS = 8;

/**
 * A position is three products, and errs by at most 3 * 2^-24 of the sum of their sizes. Then each weight errs by as much,
 * also that of pixels next to the four, should it fall on the other side of a whole number. In units of what the bound
 * of `terms` terms counts, 4 sqrt(terms).
 */
function shifted(sample: Sample, terms: number): number {
  return (3 * sample.terms) / (4 * Math.sqrt(terms));
}

export const affineWarpReference: ReferenceOp<Attrs> = {
  forward,
  backward: {
    x(inputs, _y, dy, attrs) {
      const dx = zeros(inputs.x!.shape);
      forEachSample(inputs, attrs, (sample) =>
        forEachTap(inputs.x!, attrs, sample, 0, (ix, weight) => {
          dx.data[ix]! += weight * dy.data[sample.iy]!;
        }),
      );
      return dx;
    },
  },
  forwardBound(inputs, attrs) {
    const magnitude = forward({ ...inputs, x: abs(inputs.x!) }, attrs);
    forEachSample(inputs, attrs, (sample) => {
      let largest = 0;
      forEachTap(inputs.x!, attrs, sample, 1, (ix) => {
        largest = Math.max(largest, Math.abs(inputs.x!.data[ix]!));
      });
      // Moved by one pixel, a sample changes by at most the difference of two values.
      magnitude.data[sample.iy]! += 2 * largest * shifted(sample, SAMPLE_TERMS);
    });
    return { magnitude, terms: SAMPLE_TERMS };
  },
  backwardBound: {
    x(inputs, _y, dy, attrs) {
      const counts = zeros(inputs.x!.shape);
      forEachSample(inputs, attrs, (sample) =>
        forEachTap(inputs.x!, attrs, sample, 0, (ix) => {
          counts.data[ix]! += 1;
        }),
      );
      const terms = counts.data.reduce((most, count) => Math.max(most, count), 0) + 4;
      const magnitude = zeros(inputs.x!.shape);
      forEachSample(inputs, attrs, (sample) =>
        forEachTap(inputs.x!, attrs, sample, 1, (ix, weight) => {
          magnitude.data[ix]! += Math.abs(dy.data[sample.iy]!) * (weight + shifted(sample, terms));
        }),
      );
      return { magnitude, terms };
    },
  },
};
