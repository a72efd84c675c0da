// CPU twins of leaky_relu and sigmoid.
import { abs, map, type ReferenceOp } from './array.js';

interface LeakyAttrs {
  readonly slope: number;
}

export const leakyReluReference: ReferenceOp<LeakyAttrs> = {
  forward: ({ x }, { slope }) => map(x!, (value) => (value > 0 ? value : slope * value)),
  backward: {
    x: (_inputs, y, dy, { slope }) => map(dy, (value, i) => (y.data[i]! > 0 ? value : slope * value)),
  },
  // The slope is rounded, and so is its product.
  forwardBound: (inputs, attrs) => ({ magnitude: abs(leakyReluReference.forward(inputs, attrs)), terms: 2 }),
  backwardBound: {
    x: (inputs, y, dy, attrs) => ({
      magnitude: abs(leakyReluReference.backward.x!(inputs, y, dy, attrs)),
      terms: 2,
    }),
  },
};

export const sigmoidReference: ReferenceOp = {
  forward: ({ x }) => map(x!, (value) => 1 / (1 + Math.exp(-value))),
  backward: { x: (_inputs, y, dy) => map(dy, (value, i) => value * y.data[i]! * (1 - y.data[i]!)) },
  // With e = exp(-|x|): WGSL lets exp err by 3 + 2|x| ULP, 6 + 4|x| roundings, of which 1 / (1 + e) takes over
  // e / (1 + e) and e / (1 + e) the rest, 1 / (1 + e); then the sum, 1, and the division, 2.5 ULP, 5.
  forwardBound: ({ x }) => ({
    magnitude: map(x!, (value) => {
      const e = Math.exp(-Math.abs(value));
      const [y, share] = value >= 0 ? [1 / (1 + e), e / (1 + e)] : [e / (1 + e), 1 / (1 + e)];
      return y * ((6 + 4 * Math.abs(value)) * share + 6);
    }),
    terms: 1,
  }),
  // The difference and two products.
  backwardBound: {
    x: (inputs, y, dy, attrs) => ({
      magnitude: abs(sigmoidReference.backward.x!(inputs, y, dy, attrs)),
      terms: 3,
    }),
  },
};
