// A convolution whose outputs are normalised over the batch, then rectified: what training nets are made of.
import type { Tensor } from '../base/tensor.js';
import type { Tape } from '../graph/tape.js';
import { batchNorm, runningStatisticsDispatch } from '../kernels/batch-norm.js';
import { batchStatistics } from '../kernels/batch-statistics.js';
import { conv2d } from '../kernels/conv2d.js';
import { type Initializer, ONES, ZEROS } from './initialise.js';
import type { Role, TrainableWeights, WeightSpec } from './weights.js';

/** One such layer; its weights are those of `convNormSpecs(name, norm, …)`. */
export interface ConvNorm {
  readonly name: string;
  readonly norm: string;
  readonly stride: number;
  readonly pad: number;
  readonly epsilon: number;
  /** Share of a batch's statistics in the running averages; undefined: these normalise, and stay as they are. */
  readonly momentum: number | undefined;
}

/** Weights of a layer [K,C,R,S]: no bias, which the normalisation would take away again; gamma 1 and `beta`. */
export function convNormSpecs(
  name: string,
  norm: string,
  shape: readonly number[],
  running: Role = 'statistic',
  beta: Initializer = ZEROS,
): WeightSpec[] {
  const outputs = [shape[0]!];
  return [
    { name: `${name}.weight`, shape, init: { kind: 'he-uniform' } },
    { name: `${norm}.weight`, shape: outputs, init: ONES },
    { name: `${norm}.bias`, shape: outputs, init: beta },
    // Rows: mean and variance.
    { name: `${norm}.running`, shape: [2, shape[0]!], init: ZEROS, role: running },
  ];
}

/** First running averages of K channels, mean 0 and variance 1: the values of `NORM.running`. */
export function firstRunning(K: number): Float32Array {
  return new Float32Array(2 * K).fill(1, K);
}

/** max(0, batch norm of the convolution) of x [N,C,H,W] (Ioffe and Szegedy, arXiv 1502.03167). */
export function convNorm(tape: Tape, weights: TrainableWeights, x: Tensor, layer: ConvNorm): Tensor {
  const { name, norm, stride, pad, epsilon, momentum } = layer;
  const y = tape.record(conv2d, name, { x, weight: weights.get(`${name}.weight`) }, { stride, pad });
  const running = weights.get(`${norm}.running`);
  let statistics = running;
  if (momentum !== undefined) {
    statistics = tape.record(batchStatistics, `${norm}.statistics`, { x: y }, {});
    const pixels = y.shape[0]! * y.shape[2]! * y.shape[3]!;
    const label = `batch_norm:running at ${norm}`;
    tape.emit(runningStatisticsDispatch(label, tape.target, { statistics, running }, { momentum, pixels }));
  }
  const affine = { gamma: weights.get(`${norm}.weight`), beta: weights.get(`${norm}.bias`) };
  return tape.record(batchNorm, norm, { x: y, statistics, ...affine }, { epsilon, rectify: true });
}
