// CPU twin of covariance.
import { abs, map, type NdArray, type ReferenceOp } from './array.js';
import { meanOf } from './channel-mean.js';
import { gramGradient, gramOf } from './gram.js';

const ROUNDOFF = 2 ** -24;

function pixelsOf(x: NdArray): number {
  return x.shape[2]! * x.shape[3]!;
}

function centred(x: NdArray): NdArray {
  const mean = meanOf(x);
  return map(x, (value, i) => value - mean.data[Math.floor(i / pixelsOf(x))]!);
}

/** What the float32 mean of each channel may miss: the project's bound of a sum of H*W terms. */
function meanError(x: NdArray): NdArray {
  return map(meanOf(abs(x)), (value) => 4 * Math.sqrt(pixelsOf(x) + 2) * ROUNDOFF * value);
}

export const covarianceReference: ReferenceOp = {
  forward: ({ x }) => gramOf(centred(x!), 1 / pixelsOf(x!)),
  // The centred rows sum to zero, and so do those of the product: no second centring.
  backward: { x: ({ x }, _y, dy) => gramGradient(centred(x!), dy, 1 / pixelsOf(x!)) },
  // Errors e_i, e_j of two means change the sum of products by e_i e_j alone: centred rows sum to zero. The bound
  // is in units of 4 sqrt(terms) 2^-24; two more terms a factor for the rounded differences.
  forwardBound({ x }) {
    const terms = pixelsOf(x!) + 5;
    const unit = 4 * Math.sqrt(terms) * ROUNDOFF;
    const error = meanError(x!);
    const magnitude = gramOf(abs(centred(x!)), 1 / pixelsOf(x!));
    const c = error.data.length;
    return {
      magnitude: map(magnitude, (m, i) => m + (error.data[Math.floor(i / c)]! * error.data[i % c]!) / unit),
      terms,
    };
  },
  backwardBound: {
    x({ x }, _y, dy) {
      const terms = x!.shape[1]! + 4;
      const unit = 4 * Math.sqrt(terms) * ROUNDOFF;
      const error = meanError(x!);
      const factors = map(
        centred(x!),
        (value, i) => Math.abs(value) + error.data[Math.floor(i / pixelsOf(x!))]! / unit,
      );
      return { magnitude: gramGradient(factors, abs(dy), 1 / pixelsOf(x!)), terms };
    },
  },
};
