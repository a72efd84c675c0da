// CPU twins of batch_statistics and batch_norm (Ioffe & Szegedy, arXiv 1502.03167).
import { TOLERANCE_FACTOR, UNIT_ROUNDOFF } from '../base/tolerance.js';
import { type Arrays, abs, map, type NdArray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly epsilon: number;
  readonly rectify?: boolean;
}

/** The channel of each element of an array [N,C,H,W], by its index. */
function channels(x: NdArray): (i: number) => number {
  const [, C, H, W] = x.shape as unknown as [number, number, number, number];
  return (i) => Math.floor(i / (H * W)) % C;
}

/** Values that are summed for each channel. */
function pixelsOf(x: NdArray): number {
  return x.data.length / x.shape[1]!;
}

/** [C]: the sum of `value` of each element of x. */
function channelSums(x: NdArray, value: (i: number, c: number) => number): NdArray {
  const sums = zeros([x.shape[1]!]);
  const channel = channels(x);
  for (let i = 0; i < x.data.length; i++) sums.data[channel(i)]! += value(i, channel(i));
  return sums;
}

/** Two arrays [C] as the rows of one. */
function rows(first: NdArray, second: NdArray): NdArray {
  const shape = [2, first.data.length];
  return { shape, data: Float64Array.from([...first.data, ...second.data]) };
}

function statistics({ x }: Arrays): NdArray {
  const M = pixelsOf(x!);
  const mean = map(
    channelSums(x!, (i) => x!.data[i]!),
    (sum) => sum / M,
  );
  const squares = channelSums(x!, (i, c) => (x!.data[i]! - mean.data[c]!) ** 2);
  return rows(
    mean,
    map(squares, (sum) => sum / M),
  );
}

/** Roundings that go into every term alike, of a reciprocal root and products with it, beside those of a sum. */
const COHERENT = 16;

export const batchStatisticsReference: ReferenceOp = {
  forward: statistics,
  backward: { x: ({ x }, y, dy) => statisticsBackward(x!, y, dy) },
  forwardBound(inputs) {
    const x = inputs.x!;
    const M = pixelsOf(x);
    const terms = M + COHERENT;
    const mean = map(
      channelSums(x, (i) => Math.abs(x.data[i]!)),
      (sum) => sum / M,
    );
    const C = mean.data.length;
    // Deviations from a mean that errs by e are too large by e^2 in their mean square: what is linear in e cancels. A
    // deviation is squared after it was rounded, which counts twice.
    const error = TOLERANCE_FACTOR * Math.sqrt(terms) * UNIT_ROUNDOFF;
    const variance = map(mean, (m, c) => 2 * statistics(inputs).data[C + c]! + error * m ** 2);
    return { magnitude: rows(mean, variance), terms };
  },
  backwardBound: {
    x: ({ x }, y, dy) => ({
      magnitude: statisticsBackward(x!, y, dy, Math.abs),
      terms: 4,
    }),
  },
};

/** With `size` the sum of the sizes of its terms. */
function statisticsBackward(
  x: NdArray,
  y: NdArray,
  dy: NdArray,
  size: (value: number) => number = (value) => value,
): NdArray {
  const M = pixelsOf(x);
  const C = x.shape[1]!;
  const channel = channels(x);
  return map(x, (value, i) => {
    const c = channel(i);
    return (size(dy.data[c]!) + size(2 * (value - y.data[c]!) * dy.data[C + c]!)) / M;
  });
}

/** What the rules of batch_norm share, by channel. */
function factors({ statistics: given, gamma }: Arrays, { epsilon }: Attrs) {
  const C = gamma!.data.length;
  const inverse = map(gamma!, (_, c) => 1 / Math.sqrt(given!.data[C + c]! + epsilon));
  return { mean: given!.data.subarray(0, C), inverse: inverse.data, gamma: gamma!.data };
}

/** dy where the rectifier, if there is one, let y through. */
function masked(y: NdArray, dy: NdArray, { rectify }: Attrs): NdArray {
  return rectify ? map(dy, (value, i) => (y.data[i]! > 0 ? value : 0)) : dy;
}

function forward(inputs: Arrays, attrs: Attrs): NdArray {
  const { mean, inverse, gamma } = factors(inputs, attrs);
  const channel = channels(inputs.x!);
  return map(inputs.x!, (value, i) => {
    const c = channel(i);
    const y = gamma[c]! * (value - mean[c]!) * inverse[c]! + inputs.beta!.data[c]!;
    return attrs.rectify ? Math.max(y, 0) : y;
  });
}

type Rule = (inputs: Arrays, y: NdArray, dy: NdArray, attrs: Attrs) => NdArray;

const backward: Record<'x' | 'gamma' | 'beta' | 'statistics', Rule> = {
  x(inputs, y, dy, attrs) {
    const { inverse, gamma } = factors(inputs, attrs);
    const channel = channels(dy);
    return map(masked(y, dy, attrs), (value, i) => value * gamma[channel(i)]! * inverse[channel(i)]!);
  },
  gamma(inputs, y, dy, attrs) {
    const { mean, inverse } = factors(inputs, attrs);
    const dz = masked(y, dy, attrs);
    return channelSums(dy, (i, c) => dz.data[i]! * (inputs.x!.data[i]! - mean[c]!) * inverse[c]!);
  },
  beta(_inputs, y, dy, attrs) {
    const dz = masked(y, dy, attrs);
    return channelSums(dy, (i) => dz.data[i]!);
  },
  statistics(inputs, y, dy, attrs) {
    const { inverse, gamma } = factors(inputs, attrs);
    const plain = backward.beta(inputs, y, dy, attrs);
    const weighted = backward.gamma(inputs, y, dy, attrs);
    return rows(
      map(plain, (sum, c) => -gamma[c]! * inverse[c]! * sum),
      map(weighted, (sum, c) => -0.5 * gamma[c]! * inverse[c]! ** 2 * sum),
    );
  },
};

/** The sums of the sizes of the terms of gamma's and beta's gradients. */
function sizes(inputs: Arrays, y: NdArray, dy: NdArray, attrs: Attrs) {
  const { mean, inverse } = factors(inputs, attrs);
  const dz = abs(masked(y, dy, attrs));
  return {
    plain: channelSums(dy, (i) => dz.data[i]!),
    weighted: channelSums(dy, (i, c) => dz.data[i]! * Math.abs(inputs.x!.data[i]! - mean[c]!) * inverse[c]!),
  };
}

export const batchNormReference: ReferenceOp<Attrs> = {
  forward,
  backward,
  forwardBound(inputs, attrs) {
    const { mean, inverse, gamma } = factors(inputs, attrs);
    const channel = channels(inputs.x!);
    // The product errs by at most 8 roundings: the difference, variance + epsilon, the root's 2 ULP, two products, the sum.
    return {
      magnitude: map(inputs.x!, (value, i) => {
        const c = channel(i);
        return 2 * Math.abs(gamma[c]! * (value - mean[c]!) * inverse[c]!) + Math.abs(inputs.beta!.data[c]!);
      }),
      terms: 1,
    };
  },
  backwardBound: {
    // The root's 2 ULP, variance + epsilon, two products.
    x: (inputs, y, dy, attrs) => ({
      magnitude: map(abs(backward.x(inputs, y, dy, attrs)), (value) => 2 * value),
      terms: 1,
    }),
    gamma: (inputs, y, dy, attrs) => ({
      magnitude: sizes(inputs, y, dy, attrs).weighted,
      terms: pixelsOf(dy) + COHERENT,
    }),
    beta: (inputs, y, dy, attrs) => ({
      magnitude: sizes(inputs, y, dy, attrs).plain,
      terms: pixelsOf(dy),
    }),
    statistics(inputs, y, dy, attrs) {
      const { inverse, gamma } = factors(inputs, attrs);
      const { plain, weighted } = sizes(inputs, y, dy, attrs);
      return {
        magnitude: rows(
          map(plain, (sum, c) => Math.abs(gamma[c]!) * inverse[c]! * sum),
          map(weighted, (sum, c) => 0.5 * Math.abs(gamma[c]!) * inverse[c]! ** 2 * sum),
        ),
        terms: pixelsOf(dy) + COHERENT,
      };
    },
  },
};
