// CPU twins of max_pool2d and avg_pool2d, and the windows of every pooling.
import { nchw, type Shape } from '../base/shape.js';
import { type Arrays, abs, absAll, map, type NdArray, type ReferenceOp, zeros } from './array.js';

/** Geometry of a pooling. */
export interface PoolAttrs {
  readonly window: number;
  readonly stride: number;
  readonly pad: number;
  readonly ceilMode?: boolean;
}

interface AvgAttrs extends PoolAttrs {
  readonly scale?: number;
}

/** Shape of the result. */
export function pooledShape(x: Shape, { window, stride, pad, ceilMode }: PoolAttrs): number[] {
  const [n, c, h, w] = nchw('pool2d', x);
  const count = (extent: number) => {
    const steps = (extent + 2 * pad - window) / stride;
    if (!ceilMode) return Math.floor(steps) + 1;
    const out = Math.ceil(steps) + 1;
    return (out - 1) * stride < extent + pad ? out : out - 1;
  };
  return [n, c, count(h), count(w)];
}

/** Visits (x index, y index, area of the window) of every pixel of every window, each window in row-major order. */
export function forEachPixel(
  x: Shape,
  attrs: PoolAttrs,
  visit: (ix: number, iy: number, area: number) => void,
): void {
  const [N, C, H, W] = nchw('pool2d', x);
  const [, , P, Q] = nchw('pool2d', pooledShape(x, attrs));
  const { window, stride, pad } = attrs;
  for (let plane = 0; plane < N * C; plane++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++) {
        const h0 = p * stride - pad;
        const w0 = q * stride - pad;
        const area = (Math.min(h0 + window, H + pad) - h0) * (Math.min(w0 + window, W + pad) - w0);
        for (let h = Math.max(h0, 0); h < Math.min(h0 + window, H); h++)
          for (let w = Math.max(w0, 0); w < Math.min(w0 + window, W); w++)
            visit((plane * H + h) * W + w, (plane * P + p) * Q + q, area);
      }
}

/** Most windows that one pixel can be in. */
export function overlap({ window, stride }: PoolAttrs): number {
  return Math.ceil(window / stride) ** 2;
}

/** Index into x of each window's first maximum. */
function winners(x: NdArray, attrs: PoolAttrs): Int32Array {
  const found = new Int32Array(zeros(pooledShape(x.shape, attrs)).data.length).fill(-1);
  forEachPixel(x.shape, attrs, (ix, iy) => {
    if (found[iy]! < 0 || x.data[ix]! > x.data[found[iy]!]!) found[iy] = ix;
  });
  return found;
}

function maxBackward(x: NdArray, dy: NdArray, attrs: PoolAttrs): NdArray {
  const dx = zeros(x.shape);
  for (const [iy, ix] of winners(x, attrs).entries()) dx.data[ix]! += dy.data[iy]!;
  return dx;
}

export const maxPool2dReference: ReferenceOp<PoolAttrs> = {
  forward({ x }, attrs) {
    const y = zeros(pooledShape(x!.shape, attrs));
    for (const [iy, ix] of winners(x!, attrs).entries()) y.data[iy] = x!.data[ix]!;
    return y;
  },
  backward: { x: ({ x }, _y, dy, attrs) => maxBackward(x!, dy, attrs) },
  // A maximum is one of its arguments: exact.
  forwardBound: ({ x }, attrs) => ({ magnitude: zeros(pooledShape(x!.shape, attrs)), terms: 1 }),
  backwardBound: {
    x: ({ x }, _y, dy, attrs) => ({ magnitude: maxBackward(x!, abs(dy), attrs), terms: overlap(attrs) }),
  },
};

function avgForward({ x }: Arrays, attrs: AvgAttrs): NdArray {
  const y = zeros(pooledShape(x!.shape, attrs));
  forEachPixel(x!.shape, attrs, (ix, iy, area) => {
    y.data[iy]! += ((attrs.scale ?? 1) / area) * x!.data[ix]!;
  });
  return y;
}

function avgBackward({ x }: Arrays, dy: NdArray, attrs: AvgAttrs): NdArray {
  const dx = zeros(x!.shape);
  forEachPixel(x!.shape, attrs, (ix, iy, area) => {
    dx.data[ix]! += ((attrs.scale ?? 1) / area) * dy.data[iy]!;
  });
  return dx;
}

/**
 * scale / area may err by 2.5 ULP (WGSL, "Accuracy of concrete floating point expressions", x / y), at most
 * 5 units of 2^-24; the bound counts 4 of them for a single term.
 */
const DIVISION = 1 + 5 / 4;

function withDivision(magnitude: NdArray): NdArray {
  return map(magnitude, (value) => value * DIVISION);
}

function positive(attrs: AvgAttrs): AvgAttrs {
  return { ...attrs, scale: Math.abs(attrs.scale ?? 1) };
}

export const avgPool2dReference: ReferenceOp<AvgAttrs> = {
  forward: avgForward,
  backward: { x: (inputs, _y, dy, attrs) => avgBackward(inputs, dy, attrs) },
  forwardBound: (inputs, attrs) => ({
    magnitude: withDivision(avgForward(absAll(inputs), positive(attrs))),
    terms: attrs.window ** 2 + 1,
  }),
  backwardBound: {
    x: (inputs, _y, dy, attrs) => ({
      magnitude: withDivision(avgBackward(inputs, abs(dy), positive(attrs))),
      terms: overlap(attrs) + 1,
    }),
  },
};
