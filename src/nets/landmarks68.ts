// The 68-point landmark net of face-api (MIT, V. Mühler and V. Mandic): blocks of separable convolutions whose outputs
// are added up, and one dense layer.
import { samePadding } from '../base/padding.js';
import type { Tensor } from '../base/tensor.js';
import type { Tape } from '../graph/tape.js';
import { conv2d } from '../kernels/conv2d.js';
import { flatten, linear } from '../kernels/linear.js';
import { pad2d } from '../kernels/pad2d.js';
import { avgPool2d } from '../kernels/pool2d.js';
import { relu } from '../kernels/relu.js';
import { normalised, separableConv, sum } from './layers.js';
import type { PinnedWeights } from './pinned-weights.js';

const MEAN_RGB = [122.782, 117.001, 104.298] as const;

/** Side of the input. */
export const LANDMARKS_SIDE = 112;

/**
 * x [N,3,112,112], RGB in 0..1, a square crop of a face -> [N,136]: x and y of the 68 points of the iBUG 300-W scheme
 * one after the other, as shares of the side.
 */
export function landmarks68(tape: Tape, weights: PinnedWeights, x: Tensor): Tensor {
  let y = normalised(tape, weights, x, MEAN_RGB);
  for (const block of [0, 1, 2, 3]) y = denseBlock(tape, weights, `dense${block}`, y);
  const pooled = tape.record(avgPool2d, 'pool', { x: y }, { window: 7, stride: 2, pad: 0 });
  const flat = tape.record(flatten, 'flatten', { x: pooled }, {});
  const inputs = { x: flat, weight: weights.get('fc/weights'), bias: weights.get('fc/bias') };
  return tape.record(linear, 'fc', inputs, {});
}

/** Halves the picture, then adds up four convolutions, each but the first fed with the rectified sum of those before. */
function denseBlock(tape: Tape, weights: PinnedWeights, name: string, x: Tensor): Tensor {
  let total =
    name === 'dense0'
      ? firstConv(tape, weights, x)
      : separableConv(tape, weights, `${name}/conv0`, x, { stride: 2, relu: true });
  let y = total;
  for (const i of [1, 2, 3]) {
    const next = separableConv(tape, weights, `${name}/conv${i}`, y, { stride: 1, relu: false });
    total = sum(tape, `${name}.sum${i}`, total, next);
    y = tape.record(relu, `${name}.relu${i}`, { x: total }, {});
  }
  return y;
}

/** A full 3x3 convolution of stride 2, padded behind alone, as TensorFlow does it for even sides. */
function firstConv(tape: Tape, weights: PinnedWeights, x: Tensor): Tensor {
  const sides = samePadding([LANDMARKS_SIDE, LANDMARKS_SIDE], [3, 3], 2);
  const padded = tape.record(pad2d, 'pad0', { x }, { ...sides, mode: 'zero' });
  const inputs = {
    x: padded,
    weight: weights.get('dense0/conv0/filters', [32, 3, 3, 3]),
    bias: weights.get('dense0/conv0/bias'),
  };
  return tape.record(conv2d, 'dense0/conv0', inputs, { stride: 2, pad: 0, relu: true });
}
