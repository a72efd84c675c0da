// CPU twin of conv2d: the formula, loop by loop, in float64.
import type { WinogradTile } from '../base/winograd.js';
import { type Arrays, abs, absAll, type Bound, map, type NdArray, type ReferenceOp, zeros } from './array.js';
import { winogradBound } from './winograd.js';

interface Attrs {
  readonly stride: number;
  readonly pad: number;
  readonly relu?: boolean;
  /** Changes nothing but the rounding, and so the bound. */
  readonly algorithm?: string | undefined;
}

/**
 * Visits every row of products that is inside the picture: x[ix + stride j], weight[iw] and y[iy + j] for j below `count`.
 * Rows, not single products: a whole net in float64 takes seconds so, and not minutes.
 */
function forEachRow(
  x: NdArray['shape'],
  weight: NdArray['shape'],
  y: NdArray['shape'],
  { stride, pad }: Attrs,
  visit: (ix: number, iw: number, iy: number, count: number) => void,
): void {
  const [N, C, H, W] = x as unknown as [number, number, number, number];
  const [K, , R, S] = weight as unknown as [number, number, number, number];
  const [, , P, Q] = y as unknown as [number, number, number, number];
  for (let n = 0; n < N; n++)
    for (let k = 0; k < K; k++)
      for (let c = 0; c < C; c++)
        for (let r = 0; r < R; r++)
          for (let s = 0; s < S; s++) {
            const first = Math.max(0, Math.ceil((pad - s) / stride));
            const last = Math.min(Q - 1, Math.floor((W - 1 + pad - s) / stride));
            if (last < first) continue;
            const iw = ((k * C + c) * R + r) * S + s;
            for (let p = 0; p < P; p++) {
              const h = p * stride + r - pad;
              if (h < 0 || h >= H) continue;
              const ix = ((n * C + c) * H + h) * W + first * stride + s - pad;
              visit(ix, iw, ((n * K + k) * P + p) * Q + first, last - first + 1);
            }
          }
}

function outputShape(inputs: Arrays, { stride, pad }: Attrs): number[] {
  const [n, , h, w] = inputs.x!.shape as unknown as [number, number, number, number];
  const [k, , r, s] = inputs.weight!.shape as unknown as [number, number, number, number];
  return [n, k, Math.floor((h + 2 * pad - r) / stride) + 1, Math.floor((w + 2 * pad - s) / stride) + 1];
}

function forward(inputs: Arrays, attrs: Attrs): NdArray {
  const { x, weight, bias } = inputs;
  const y = zeros(outputShape(inputs, attrs));
  const [, K, P, Q] = y.shape as unknown as [number, number, number, number];
  if (bias) for (let i = 0; i < y.data.length; i++) y.data[i] = bias.data[Math.floor(i / (P * Q)) % K]!;
  const [from, filter, to, { stride }] = [x!.data, weight!.data, y.data, attrs];
  forEachRow(x!.shape, weight!.shape, y.shape, attrs, (ix, iw, iy, count) => {
    const w = filter[iw]!;
    for (let j = 0; j < count; j++) to[iy + j]! += from[ix + stride * j]! * w;
  });
  return attrs.relu ? map(y, (value) => Math.max(value, 0)) : y;
}

/** dy where the rectifier, if there is one, let y through. */
function masked(y: NdArray, dy: NdArray, { relu }: Attrs): NdArray {
  return relu ? map(dy, (value, i) => (y.data[i]! > 0 ? value : 0)) : dy;
}

function backwardX(inputs: Arrays, y: NdArray, dy: NdArray, attrs: Attrs): NdArray {
  const { x, weight } = inputs;
  const dx = zeros(x!.shape);
  const [from, filter, to, { stride }] = [masked(y, dy, attrs).data, weight!.data, dx.data, attrs];
  forEachRow(x!.shape, weight!.shape, dy.shape, attrs, (ix, iw, iy, count) => {
    const w = filter[iw]!;
    for (let j = 0; j < count; j++) to[ix + stride * j]! += from[iy + j]! * w;
  });
  return dx;
}

function backwardWeight(inputs: Arrays, y: NdArray, dy: NdArray, attrs: Attrs): NdArray {
  const { x, weight } = inputs;
  const dweight = zeros(weight!.shape);
  const [from, slopes, { stride }] = [x!.data, masked(y, dy, attrs).data, attrs];
  forEachRow(x!.shape, weight!.shape, dy.shape, attrs, (ix, iw, iy, count) => {
    let sum = 0;
    for (let j = 0; j < count; j++) sum += from[ix + stride * j]! * slopes[iy + j]!;
    dweight.data[iw]! += sum;
  });
  return dweight;
}

function backwardBias(y: NdArray, dy: NdArray, attrs: Attrs): NdArray {
  const [, K, P, Q] = dy.shape as unknown as [number, number, number, number];
  const dbias = zeros([K]);
  const dz = masked(y, dy, attrs);
  for (let i = 0; i < dz.data.length; i++) dbias.data[Math.floor(i / (P * Q)) % K]! += dz.data[i]!;
  return dbias;
}

/** Terms of each sum of the gradients to weight and bias. */
function outputPixels(dy: NdArray): number {
  const [n, , p, q] = dy.shape as unknown as [number, number, number, number];
  return n * p * q;
}

/** Products per output element. */
function fan(inputs: Arrays, axis: 0 | 1): number {
  const [k, c, r, s] = inputs.weight!.shape as unknown as [number, number, number, number];
  return (axis === 0 ? k : c) * r * s + 1;
}

export const conv2dReference: ReferenceOp<Attrs> = {
  forward,
  backward: {
    x: backwardX,
    weight: backwardWeight,
    bias: (_inputs, y, dy, attrs) => backwardBias(y, dy, attrs),
  },
  forwardBound(inputs, attrs) {
    if (inHalf(attrs))
      return halfBound(inputs, fan(inputs, 1), (of) => forward(of, { ...attrs, relu: false }));
    const m = winogradTile(attrs);
    if (m)
      return winogradBound(inputs.x!, inputs.weight!, inputs.bias, outputShape(inputs, attrs), attrs.pad, m);
    return { magnitude: forward(absAll(inputs), { ...attrs, relu: false }), terms: fan(inputs, 1) };
  },
  backwardBound: {
    x(inputs, y, dy, attrs) {
      if (inHalf(attrs))
        return halfBound({ dy, weight: inputs.weight! }, fan(inputs, 0), (of) =>
          backwardX({ ...inputs, weight: of.weight! }, y, of.dy!, attrs),
        );
      const m = winogradTile(attrs);
      if (!m) return { magnitude: backwardX(absAll(inputs), y, abs(dy), attrs), terms: fan(inputs, 0) };
      return winogradBound(
        masked(y, dy, attrs),
        flipped(inputs.weight!),
        undefined,
        inputs.x!.shape,
        2 - attrs.pad,
        m,
      );
    },
    weight: (inputs, y, dy, attrs) => ({
      magnitude: backwardWeight(absAll(inputs), y, abs(dy), attrs),
      terms: outputPixels(dy),
    }),
    bias: (_inputs, y, dy, attrs) => ({
      magnitude: backwardBias(y, abs(dy), attrs),
      terms: outputPixels(dy),
    }),
  },
};

/** Whether factors are rounded to f16, where the adapter chose so. */
function inHalf({ algorithm }: Attrs): boolean {
  return /^(?:tiled-f16|matrix)\//.test(algorithm ?? '');
}

/** Rounding to f16 in units of f32's, 2^-11 / 2^-24. */
const HALF_ROUNDOFF = 2 ** 13;

/**
 * Bound of a sum of products whose factors a, b are scaled by powers of two and rounded to f16 and whose sum is f32.
 * A factor moves by at most 2^-11 of itself, or by 2^-28 of the largest of its tensor where f16 has no normal number
 * for it. The former are other roundings in every product: both factors' add up by their squares. The roots of the
 * numbers of terms are in the magnitude, hence `terms: 1`.
 */
function halfBound(inputs: Arrays, terms: number, sum: (inputs: Arrays) => NdArray): Bound {
  const magnitude = sum(absAll(inputs));
  const { bias: _added, ...factors } = inputs;
  const squares = sum(
    Object.fromEntries(Object.entries(factors).map(([name, a]) => [name, map(a, (value) => value * value)])),
  );
  const largest = Object.values(factors).map((a) =>
    a.data.reduce((m, value) => Math.max(m, Math.abs(value)), 0),
  );
  // 2^-28 for each of two factors, in units of 4 * 2^-24.
  const lost = 2 ** -5 * terms * largest.reduce((product, value) => product * value, 1);
  return {
    magnitude: map(
      magnitude,
      (m, i) => Math.sqrt(terms) * m + HALF_ROUNDOFF * Math.sqrt(2 * squares.data[i]!) + lost,
    ),
    terms: 1,
  };
}

function winogradTile({ algorithm }: Attrs): WinogradTile | undefined {
  return algorithm === 'winograd4' ? 4 : algorithm === 'winograd2' ? 2 : undefined;
}

/** The filter of the data gradient. */
function flipped(weight: NdArray): NdArray {
  const [K, C, R, S] = weight.shape as unknown as [number, number, number, number];
  const out = zeros([C, K, R, S]);
  for (let k = 0; k < K; k++)
    for (let c = 0; c < C; c++)
      for (let tap = 0; tap < R * S; tap++)
        out.data[(c * K + k) * R * S + (R * S - 1 - tap)] = weight.data[(k * C + c) * R * S + tap]!;
  return out;
}
