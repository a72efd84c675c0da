// CPU twin of channel_mean.
import { type Arrays, abs, absAll, type NdArray, type ReferenceOp, zeros } from './array.js';

/** Mean of each channel of x [1,C,H,W]. */
export function meanOf(x: NdArray): NdArray {
  const [, c, h, w] = x.shape as unknown as [number, number, number, number];
  const y = zeros([c]);
  for (let i = 0; i < x.data.length; i++) y.data[Math.floor(i / (h * w))]! += x.data[i]! / (h * w);
  return y;
}

function backward({ x }: Arrays, dy: NdArray): NdArray {
  const dx = zeros(x!.shape);
  const pixels = x!.shape[2]! * x!.shape[3]!;
  for (let i = 0; i < dx.data.length; i++) dx.data[i] = dy.data[Math.floor(i / pixels)]! / pixels;
  return dx;
}

export const channelMeanReference: ReferenceOp = {
  forward: ({ x }) => meanOf(x!),
  backward: { x: (inputs, _y, dy) => backward(inputs, dy) },
  forwardBound: (inputs) => ({
    magnitude: meanOf(absAll(inputs).x!),
    terms: inputs.x!.shape[2]! * inputs.x!.shape[3]! + 2,
  }),
  // The reciprocal of the number of pixels is rounded too.
  backwardBound: { x: (inputs, _y, dy) => ({ magnitude: backward(inputs, abs(dy)), terms: 2 }) },
};
