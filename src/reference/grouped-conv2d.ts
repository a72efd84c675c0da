// CPU twins of grouped_conv2d and depthwise_conv2d: the formula, loop by loop, in float64.
import { type Padding, sidesOf } from '../base/padding.js';
import { type Arrays, abs, absAll, map, type NdArray, type ReferenceOp, zeros } from './array.js';

interface DepthwiseAttrs {
  readonly stride: number;
  readonly pad: Padding;
  readonly relu?: boolean;
}

interface Attrs extends DepthwiseAttrs {
  readonly groups: number;
}

function outputShape({ x, weight }: Arrays, { stride, pad }: Attrs): number[] {
  const [n, , h, w] = x!.shape as unknown as [number, number, number, number];
  const [k, , r, s] = weight!.shape as unknown as [number, number, number, number];
  const { top, bottom, left, right } = sidesOf('grouped_conv2d', pad);
  return [
    n,
    k,
    Math.floor((h + top + bottom - r) / stride) + 1,
    Math.floor((w + left + right - s) / stride) + 1,
  ];
}

/** Visits (x, weight, y index) of every product that is inside the picture. */
function forEachProduct(
  inputs: Arrays,
  attrs: Attrs,
  visit: (ix: number, iw: number, iy: number) => void,
): void {
  const [N, C, H, W] = inputs.x!.shape as unknown as [number, number, number, number];
  const [K, J, R, S] = inputs.weight!.shape as unknown as [number, number, number, number];
  const [, , P, Q] = outputShape(inputs, attrs) as unknown as [number, number, number, number];
  const { top, left } = sidesOf('grouped_conv2d', attrs.pad);
  for (let n = 0; n < N; n++)
    for (let k = 0; k < K; k++) {
      const first = Math.floor(k / (K / attrs.groups)) * J;
      for (let p = 0; p < P; p++)
        for (let q = 0; q < Q; q++)
          for (let j = 0; j < J; j++)
            for (let r = 0; r < R; r++)
              for (let s = 0; s < S; s++) {
                const h = p * attrs.stride + r - top;
                const w = q * attrs.stride + s - left;
                if (h < 0 || h >= H || w < 0 || w >= W) continue;
                visit(
                  ((n * C + first + j) * H + h) * W + w,
                  ((k * J + j) * R + r) * S + s,
                  ((n * K + k) * P + p) * Q + q,
                );
              }
    }
}

function forward(inputs: Arrays, attrs: Attrs): NdArray {
  const { x, weight, bias } = inputs;
  const y = zeros(outputShape(inputs, attrs));
  const [, K, P, Q] = y.shape as unknown as [number, number, number, number];
  if (bias) for (let i = 0; i < y.data.length; i++) y.data[i] = bias.data[Math.floor(i / (P * Q)) % K]!;
  forEachProduct(inputs, attrs, (ix, iw, iy) => {
    y.data[iy]! += x!.data[ix]! * weight!.data[iw]!;
  });
  return attrs.relu ? map(y, (value) => Math.max(value, 0)) : y;
}

function backwardX(inputs: Arrays, y: NdArray, dy: NdArray, attrs: Attrs): NdArray {
  const dx = zeros(inputs.x!.shape);
  const dz = attrs.relu ? map(dy, (value, i) => (y.data[i]! > 0 ? value : 0)) : dy;
  forEachProduct(inputs, attrs, (ix, iw, iy) => {
    dx.data[ix]! += dz.data[iy]! * inputs.weight!.data[iw]!;
  });
  return dx;
}

/** Products of one element of y and the bias, or of dx. */
function fan({ weight }: Arrays, groups: number, direction: 'y' | 'dx'): number {
  const [k, j, r, s] = weight!.shape as unknown as [number, number, number, number];
  return (direction === 'y' ? j : k / groups) * r * s + 1;
}

export const groupedConv2dReference: ReferenceOp<Attrs> = {
  forward,
  backward: { x: backwardX },
  forwardBound: (inputs, attrs) => ({
    magnitude: forward(absAll(inputs), { ...attrs, relu: false }),
    terms: fan(inputs, attrs.groups, 'y'),
  }),
  backwardBound: {
    x: (inputs, y, dy, attrs) => ({
      magnitude: backwardX(absAll(inputs), y, abs(dy), attrs),
      terms: fan(inputs, attrs.groups, 'dx'),
    }),
  },
};

/** As many groups as channels. */
function grouped({ x }: Arrays, attrs: DepthwiseAttrs): Attrs {
  return { ...attrs, groups: x!.shape[1]! };
}

export const depthwiseConv2dReference: ReferenceOp<DepthwiseAttrs> = {
  forward: (inputs, attrs) => forward(inputs, grouped(inputs, attrs)),
  backward: { x: (inputs, y, dy, attrs) => backwardX(inputs, y, dy, grouped(inputs, attrs)) },
  forwardBound: (inputs, attrs) => groupedConv2dReference.forwardBound(inputs, grouped(inputs, attrs)),
  backwardBound: {
    x: (inputs, y, dy, attrs) =>
      groupedConv2dReference.backwardBound.x!(inputs, y, dy, grouped(inputs, attrs)),
  },
};
