// Steps that several nets have in common.
import { samePadding } from '../base/padding.js';
import type { Tensor } from '../base/tensor.js';
import type { Tape } from '../graph/tape.js';
import { weightedAddOp } from '../kernels/arithmetic.js';
import { conv2d } from '../kernels/conv2d.js';
import { depthwiseConv2d } from '../kernels/depthwise-conv2d.js';
import { relu } from '../kernels/relu.js';
import { scaleShift } from '../kernels/scale-shift.js';
import type { PinnedWeights } from './pinned-weights.js';

/** x - mean / 255: x [N,3,H,W], RGB in 0..1, the mean in 0..255. */
export function normalised(
  tape: Tape,
  weights: PinnedWeights,
  x: Tensor,
  mean: readonly [number, number, number],
): Tensor {
  const scale = weights.constant('input.scale', [3], [1, 1, 1]);
  const shift = weights.constant(
    'input.shift',
    [3],
    mean.map((value) => -value / 255),
  );
  return tape.record(scaleShift, 'input', { x, scale, shift }, {});
}

/**
 * A depthwise 3x3 convolution with TensorFlow's "same" padding, then a 1x1 convolution with bias (and ReLU): the
 * separable convolution of MobileNets. Tensors `NAME/depthwise_filter`, `NAME/pointwise_filter`, `NAME/bias`.
 */
export function separableConv(
  tape: Tape,
  weights: PinnedWeights,
  name: string,
  x: Tensor,
  { stride, relu: rectified }: { stride: number; relu: boolean },
): Tensor {
  const [, , h, w] = x.shape as unknown as [number, number, number, number];
  const pad = samePadding([h, w], [3, 3], stride);
  const depthwise = weights.get(`${name}/depthwise_filter`);
  const each = tape.record(depthwiseConv2d, `${name}.depthwise`, { x, weight: depthwise }, { stride, pad });
  const inputs = {
    x: each,
    weight: weights.get(`${name}/pointwise_filter`),
    bias: weights.get(`${name}/bias`),
  };
  return tape.record(conv2d, name, inputs, { stride: 1, pad: 0, relu: rectified });
}

/** a + b of equal shapes. */
export function sum(tape: Tape, where: string, a: Tensor, b: Tensor): Tensor {
  return tape.record(weightedAddOp, where, { a, b }, { alpha: 1, beta: 1 });
}

/** max(0, a + b) of equal shapes. */
export function rectifiedSum(tape: Tape, where: string, a: Tensor, b: Tensor): Tensor {
  return tape.record(relu, where, { x: sum(tape, `${where}.sum`, a, b) }, {});
}
