// CPU twins of flatten and linear.
import { type Arrays, abs, absAll, type NdArray, type ReferenceOp, zeros } from './array.js';
import { product, transposed } from './matmul.js';

/** Row-major values stay where they are; only the shape changes. */
export const flattenReference: ReferenceOp = {
  forward: ({ x }) => ({ shape: [x!.shape[0]!, x!.data.length / x!.shape[0]!], data: x!.data }),
  backward: { x: ({ x }, _y, dy) => ({ shape: x!.shape, data: dy.data }) },
  forwardBound: (inputs) => ({ magnitude: zeros(flattenReference.forward(inputs, {}).shape), terms: 1 }),
  backwardBound: { x: ({ x }) => ({ magnitude: zeros(x!.shape), terms: 1 }) },
};

function forward({ x, weight, bias }: Arrays): NdArray {
  const y = product(x!, transposed(weight!));
  const K = weight!.shape[0]!;
  if (bias) for (let i = 0; i < y.data.length; i++) y.data[i]! += bias.data[i % K]!;
  return y;
}

/** Sum of the rows of a matrix. */
function columnSums(dy: NdArray): NdArray {
  const K = dy.shape[1]!;
  const sums = zeros([K]);
  for (let i = 0; i < dy.data.length; i++) sums.data[i % K]! += dy.data[i]!;
  return sums;
}

export const linearReference: ReferenceOp = {
  forward,
  backward: {
    x: ({ weight }, _y, dy) => product(dy, weight!),
    weight: ({ x }, _y, dy) => product(transposed(dy), x!),
    bias: (_inputs, _y, dy) => columnSums(dy),
  },
  forwardBound: (inputs) => ({ magnitude: forward(absAll(inputs)), terms: inputs.x!.shape[1]! + 1 }),
  backwardBound: {
    x: ({ weight }, _y, dy) => ({ magnitude: product(abs(dy), abs(weight!)), terms: dy.shape[1]! }),
    weight: ({ x }, _y, dy) => ({
      magnitude: product(transposed(abs(dy)), abs(x!)),
      terms: dy.shape[0]!,
    }),
    bias: (_inputs, _y, dy) => ({ magnitude: columnSums(abs(dy)), terms: dy.shape[0]! }),
  },
};
