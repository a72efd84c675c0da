// Batch norm and other affine maps of channels, folded into the convolution or linear layer before them: at inference
// they are constants, and a folded layer costs nothing.
import { WeightsError } from '../base/errors.js';
import { formatShape, type Shape, sizeOf } from '../base/shape.js';

/** What a batch norm over K channels has learnt, each value [K], and the epsilon that it was trained with. */
export interface BatchNorm {
  /** Factor behind the normalisation; 1 where left out. */
  readonly gamma?: ArrayLike<number>;
  /** Summand behind the normalisation; 0 where left out. */
  readonly beta?: ArrayLike<number>;
  /** Running mean. */
  readonly mean: ArrayLike<number>;
  /** Running variance. */
  readonly variance: ArrayLike<number>;
  /** Added to the variance before its root is taken. */
  readonly epsilon: number;
}

/** A layer's weight [K, ...], one row per output channel, and its bias [K]. */
export interface LayerWeights {
  readonly shape: Shape;
  readonly weight: ArrayLike<number>;
  /** Zero where left out. */
  readonly bias?: ArrayLike<number>;
}

/** As LayerWeights, in float64: to be rounded once, when they are stored. */
export interface FoldedWeights {
  readonly shape: Shape;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/**
 * The layer that computes scale * layer(x) + shift, both [K], in float64. WeightsError names `where` and what does not
 * have K values or one that is not finite.
 */
export function foldScaleShift(
  where: string,
  layer: LayerWeights,
  scale: ArrayLike<number>,
  shift: ArrayLike<number>,
): FoldedWeights {
  const { shape } = layer;
  const K = shape[0] ?? 0;
  checkValues(where, 'weight', layer.weight, sizeOf(shape), shape);
  if (layer.bias) checkValues(where, 'bias', layer.bias, K, shape);
  checkValues(where, 'scale', scale, K, shape);
  checkValues(where, 'shift', shift, K, shape);
  const row = sizeOf(shape) / K;
  return {
    shape,
    weight: Float64Array.from(layer.weight, (value, i) => value * scale[Math.floor(i / row)]!),
    bias: Float64Array.from({ length: K }, (_, k) => (layer.bias?.[k] ?? 0) * scale[k]! + shift[k]!),
  };
}

/**
 * The layer that computes batch norm of layer(x), gamma * (layer(x) - mean) / sqrt(variance + epsilon) + beta (Ioffe &
 * Szegedy, arXiv 1502.03167, algorithm 2), in float64. WeightsError as in foldScaleShift, and where a variance plus
 * epsilon is not positive.
 */
export function foldBatchNorm(where: string, layer: LayerWeights, norm: BatchNorm): FoldedWeights {
  const { gamma, beta, mean, variance, epsilon } = norm;
  const K = layer.shape[0] ?? 0;
  for (const [name, values] of Object.entries({ gamma, beta, mean, variance })) {
    if (values) checkValues(where, name, values, K, layer.shape);
  }
  const scale = Float64Array.from(variance, (value, k) => {
    if (!(value + epsilon > 0)) {
      throw new WeightsError(
        `${where}: variance plus epsilon must be positive, channel ${k} has ${value} + ${epsilon}`,
      );
    }
    return (gamma?.[k] ?? 1) / Math.sqrt(value + epsilon);
  });
  const shift = scale.map((factor, k) => (beta?.[k] ?? 0) - mean[k]! * factor);
  return foldScaleShift(where, layer, scale, shift);
}

function checkValues(
  where: string,
  name: string,
  values: ArrayLike<number>,
  count: number,
  shape: Shape,
): void {
  if (values.length !== count) {
    throw new WeightsError(
      `${where}: ${name} must have ${count} values, got ${values.length}; weight ${formatShape(shape)}`,
    );
  }
  for (let i = 0; i < count; i++) {
    if (!Number.isFinite(values[i]))
      throw new WeightsError(`${where}: ${name} must be finite, value ${i} is ${values[i]}`);
  }
}
