// CPU twins of channel_mean and global_avg_pool.
import type { Shape } from '../base/shape.js';
import { type Arrays, abs, type NdArray, type ReferenceOp, zeros } from './array.js';

/** Mean of each channel of x [N,C,H,W]: [C] of one picture, or as `shape` says. */
export function meanOf(x: NdArray, shape: Shape = x.shape.slice(1, 2)): NdArray {
  const [, , h, w] = x.shape as unknown as [number, number, number, number];
  const y = zeros(shape);
  for (let i = 0; i < x.data.length; i++) y.data[Math.floor(i / (h * w))]! += x.data[i]! / (h * w);
  return y;
}

function backward({ x }: Arrays, dy: NdArray): NdArray {
  const dx = zeros(x!.shape);
  const pixels = x!.shape[2]! * x!.shape[3]!;
  for (let i = 0; i < dx.data.length; i++) dx.data[i] = dy.data[Math.floor(i / pixels)]! / pixels;
  return dx;
}

/** The two differ in the shape of the result. */
function meanReference(shapeOf: (x: NdArray) => Shape): ReferenceOp {
  return {
    forward: ({ x }) => meanOf(x!, shapeOf(x!)),
    backward: { x: (inputs, _y, dy) => backward(inputs, dy) },
    forwardBound: ({ x }) => ({
      magnitude: meanOf(abs(x!), shapeOf(x!)),
      terms: x!.shape[2]! * x!.shape[3]! + 2,
    }),
    // The reciprocal of the number of pixels is rounded too.
    backwardBound: { x: (inputs, _y, dy) => ({ magnitude: backward(inputs, abs(dy)), terms: 2 }) },
  };
}

export const channelMeanReference = meanReference((x) => x.shape.slice(1, 2));

export const globalAvgPoolReference = meanReference((x) => x.shape.slice(0, 2));
