// CPU twin of matmul.
import { abs, absAll, type NdArray, type ReferenceOp, zeros } from './array.js';

/** a [M,K] times b [K,N]. */
export function product(a: NdArray, b: NdArray): NdArray {
  const [M, K] = a.shape as unknown as [number, number];
  const N = b.shape[1]!;
  const y = zeros([M, N]);
  for (let m = 0; m < M; m++)
    for (let k = 0; k < K; k++)
      for (let n = 0; n < N; n++) y.data[m * N + n]! += a.data[m * K + k]! * b.data[k * N + n]!;
  return y;
}

/** a^T of a matrix [M,N]. */
export function transposed(a: NdArray): NdArray {
  const [R, S] = a.shape as unknown as [number, number];
  const y = zeros([S, R]);
  for (let r = 0; r < R; r++) for (let s = 0; s < S; s++) y.data[s * R + r] = a.data[r * S + s]!;
  return y;
}

export const matmulReference: ReferenceOp = {
  forward: ({ a, b }) => product(a!, b!),
  backward: {
    a: ({ b }, _y, dy) => product(dy, transposed(b!)),
    b: ({ a }, _y, dy) => product(transposed(a!), dy),
  },
  forwardBound(inputs) {
    const { a, b } = absAll(inputs);
    return { magnitude: product(a!, b!), terms: inputs.a!.shape[1]! };
  },
  backwardBound: {
    a: ({ b }, _y, dy) => ({ magnitude: product(abs(dy), transposed(abs(b!))), terms: dy.shape[1]! }),
    b: ({ a }, _y, dy) => ({ magnitude: product(transposed(abs(a!)), abs(dy)), terms: dy.shape[0]! }),
  },
};
