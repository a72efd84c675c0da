// CPU twin of squared_error.
import { abs, map, ndarray, type ReferenceOp } from './array.js';

interface Attrs {
  readonly scale: number;
}

function backward(x: Float64Array, target: Float64Array, dy: number, scale: number): Float64Array {
  return x.map((value, i) => 2 * scale * dy * (value - target[i]!));
}

export const squaredErrorReference: ReferenceOp<Attrs> = {
  forward({ x, target }, { scale }) {
    return ndarray(
      [1],
      [scale * x!.data.reduce((sum, value, i) => sum + (value - target!.data[i]!) ** 2, 0)],
    );
  },
  backward: {
    x: ({ x, target }, _y, dy, { scale }) => ({
      shape: x!.shape,
      data: backward(x!.data, target!.data, dy.data[0]!, scale),
    }),
  },
  // Besides the additions: the difference counts twice in its square, then the square and the scale.
  forwardBound: (inputs, attrs) => ({
    magnitude: map(squaredErrorReference.forward(inputs, attrs), Math.abs),
    terms: inputs.x!.data.length + 4,
  }),
  backwardBound: {
    x: (inputs, y, dy, attrs) => ({
      magnitude: abs(squaredErrorReference.backward.x!(inputs, y, dy, attrs)),
      terms: 4,
    }),
  },
};
