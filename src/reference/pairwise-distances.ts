// CPU twin of pairwise_distances.
import { abs, map, type NdArray, type ReferenceOp, zeros } from './array.js';
import { squaredDistance } from './top-k.js';

/** 2 * sum_j |or not| (dy[i,j] + dy[j,i]) * (x[i] - x[j]). */
function backward(x: NdArray, dy: NdArray, part: (value: number) => number): NdArray {
  const [N, D] = x.shape as unknown as [number, number];
  return map(zeros(x.shape), (_, at) => {
    const [i, d] = [Math.floor(at / D), at % D];
    let sum = 0;
    for (let j = 0; j < N; j++)
      sum += (dy.data[i * N + j]! + dy.data[j * N + i]!) * part(x.data[at]! - x.data[j * D + d]!);
    return 2 * sum;
  });
}

export const pairwiseDistancesReference: ReferenceOp = {
  forward({ x }) {
    const N = x!.shape[0]!;
    return map(zeros([N, N]), (_, at) => squaredDistance(x!, Math.floor(at / N), x!, at % N));
  },
  backward: { x: ({ x }, _y, dy) => backward(x!, dy, (value) => value) },
  // Each of the D squares has two roundings of its difference and one of its own.
  forwardBound: (inputs) => ({
    magnitude: pairwiseDistancesReference.forward(inputs, {}),
    terms: inputs.x!.shape[1]! + 4,
  }),
  backwardBound: {
    // The sum of two slopes, the difference and their product: as many roundings more as there are terms, 3.
    x: ({ x }, _y, dy) => ({ magnitude: backward(x!, abs(dy), Math.abs), terms: x!.shape[0]! + 4 }),
  },
};
