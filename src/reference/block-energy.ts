// CPU twin of block_energy.
import { abs, type NdArray, ndarray, type ReferenceOp } from './array.js';

interface Attrs {
  readonly block: number;
}

/** X^T Y of rows `first` .. `first + n` as [C][C]. */
export function gramOf(x: NdArray, first: number, n: number): Float64Array {
  const C = x.shape[1]!;
  const out = new Float64Array(C * C);
  for (let i = first; i < first + n; i++)
    for (let c = 0; c < C; c++)
      for (let d = 0; d < C; d++) out[c * C + d]! += x.data[i * C + c]! * x.data[i * C + d]!;
  return out;
}

/** Sum of the squares. */
export const squares = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);

function energies(x: NdArray, n: number): number[] {
  return Array.from({ length: x.shape[0]! / n }, (_, b) => squares(gramOf(x, b * n, n)));
}

export const blockEnergyReference: ReferenceOp<Attrs> = {
  forward({ x }, { block }) {
    const y = energies(x!, block);
    return ndarray([y.length], y);
  },
  backward: {},
  // Products err by the length of their sums, their squares by twice that; the sum of these has side^2 terms.
  forwardBound({ x }, { block }) {
    const side = Math.min(block, x!.shape[1]!);
    const most = energies(abs(x!), block);
    const magnitude = ndarray(
      [most.length],
      most.map((value) => 2 * value),
    );
    return { magnitude, terms: Math.max(block, x!.shape[1]!) + side * side + 4 };
  },
  backwardBound: {},
};
