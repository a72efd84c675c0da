// CPU twin of reduce_sum.
import { abs, map, type NdArray, ndarray, type ReferenceOp } from './array.js';

interface Attrs {
  readonly scale: number;
}

function forward(x: NdArray, scale: number): NdArray {
  return ndarray([1], [scale * x.data.reduce((sum, value) => sum + value, 0)]);
}

export const reduceSumReference: ReferenceOp<Attrs> = {
  forward: ({ x }, { scale }) => forward(x!, scale),
  backward: { x: ({ x }, _y, dy, { scale }) => map(x!, () => scale * dy.data[0]!) },
  forwardBound: ({ x }, { scale }) => ({
    magnitude: forward(abs(x!), Math.abs(scale)),
    terms: x!.data.length + 1,
  }),
  backwardBound: {
    x: ({ x }, _y, dy, { scale }) => ({ magnitude: map(x!, () => Math.abs(scale * dy.data[0]!)), terms: 1 }),
  },
};
