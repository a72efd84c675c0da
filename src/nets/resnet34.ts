// dlib's face recognition net (D. King; a ResNet of 29 convolutions, after He et al., "Deep Residual Learning", CVPR
// 2016), with the weights that face-api ships: 128 numbers a face, compared by Euclidean distance.
import { WeightsError } from '../base/errors.js';
import type { Tensor } from '../base/tensor.js';
import type { Tape } from '../graph/tape.js';
import { concat } from '../kernels/concat.js';
import { conv2d } from '../kernels/conv2d.js';
import { flatten, linear } from '../kernels/linear.js';
import { pad2d } from '../kernels/pad2d.js';
import { avgPool2d, maxPool2d } from '../kernels/pool2d.js';
import { foldScaleShift } from './fold-batch-norm.js';
import { normalised, rectifiedSum } from './layers.js';
import type { WeightTensor } from './manifest.js';
import type { PinnedWeights } from './pinned-weights.js';

const MEAN_RGB = [122.782, 117.001, 104.298] as const;

/** Side of the input. */
export const RESNET34_SIDE = 150;

/** Blocks in their order; those named `down` halve the map. */
const BLOCKS = [
  'conv32_1',
  'conv32_2',
  'conv32_3',
  'conv64_down',
  'conv64_1',
  'conv64_2',
  'conv64_3',
  'conv128_down',
  'conv128_1',
  'conv128_2',
  'conv256_down',
  'conv256_1',
  'conv256_2',
  'conv256_down_out',
] as const;

/**
 * The file's convolutions with the scale behind each folded in: `NAME.weight` and `NAME.bias`; in float64, rounded
 * once. What is no convolution stays as it is. WeightsError, naming `where`, for what is missing or does not fit.
 */
export function foldScales(
  tensors: ReadonlyMap<string, WeightTensor>,
  where: string,
): Map<string, WeightTensor> {
  const folded = new Map<string, WeightTensor>();
  const valuesOf = (name: string) => {
    const found = tensors.get(name);
    if (!found) throw new WeightsError(`${where}: tensor ${name} is missing`);
    return found.values;
  };
  for (const [name, { shape, values }] of tensors) {
    const layer = name.match(/^(.+)\/conv\/filters$/)?.[1];
    if (layer === undefined) {
      if (!/\/(conv|scale)\//.test(name)) folded.set(name, { shape, values });
      continue;
    }
    const made = foldScaleShift(
      `${where}: ${layer}`,
      { shape, weight: values, bias: valuesOf(`${layer}/conv/bias`) },
      valuesOf(`${layer}/scale/weights`),
      valuesOf(`${layer}/scale/biases`),
    );
    folded.set(`${layer}.weight`, { shape, values: Float32Array.from(made.weight) });
    folded.set(`${layer}.bias`, { shape: [shape[0]!], values: Float32Array.from(made.bias) });
  }
  return folded;
}

/** x [N,3,150,150], RGB in 0..1, a chip of an aligned face -> [N,128], not normalised. `weights`: from `foldScales`. */
export function resnet34(tape: Tape, weights: PinnedWeights, x: Tensor): Tensor {
  let y = conv(tape, weights, 'conv32_down', normalised(tape, weights, x, MEAN_RGB), {
    stride: 2,
    pad: 0,
    relu: true,
  });
  y = tape.record(maxPool2d, 'pool', { x: y }, { window: 3, stride: 2, pad: 0 });
  for (const block of BLOCKS) y = residual(tape, weights, block, y);
  const side = y.shape[2]!;
  const pooled = tape.record(avgPool2d, 'mean', { x: y }, { window: side, stride: side, pad: 0 });
  const flat = tape.record(flatten, 'flatten', { x: pooled }, {});
  return tape.record(linear, 'embedding', { x: flat, weight: weights.get('fc', [128, 256]) }, {});
}

function conv(
  tape: Tape,
  weights: PinnedWeights,
  name: string,
  x: Tensor,
  attrs: { stride: number; pad: number; relu: boolean },
): Tensor {
  const inputs = { x, weight: weights.get(`${name}.weight`), bias: weights.get(`${name}.bias`) };
  return tape.record(conv2d, name, inputs, attrs);
}

/** Two convolutions and the way around them, which `down` halves by averages and fills up with zeros. */
function residual(tape: Tape, weights: PinnedWeights, name: string, x: Tensor): Tensor {
  const down = name.includes('down');
  const first = { stride: down ? 2 : 1, pad: down ? 0 : 1, relu: true };
  const y = conv(tape, weights, `${name}/conv1`, x, first);
  const z = conv(tape, weights, `${name}/conv2`, y, { stride: 1, pad: 1, relu: false });
  if (!down) return rectifiedSum(tape, name, z, x);

  let around = tape.record(avgPool2d, `${name}.around`, { x }, { window: 2, stride: 2, pad: 0 });
  const [n, c, h, w] = around.shape as unknown as [number, number, number, number];
  const missing = z.shape[1]! - c;
  if (missing > 0) {
    const zeros = weights.zeros([n, missing, h, w]);
    around = tape.record(concat, `${name}.fill`, { x0: around, x1: zeros }, {});
  }
  // A convolution without padding may end one row and column earlier than the average.
  const bottom = h - z.shape[2]!;
  const right = w - z.shape[3]!;
  const full =
    bottom > 0 || right > 0
      ? tape.record(pad2d, `${name}.pad`, { x: z }, { top: 0, left: 0, bottom, right, mode: 'zero' })
      : z;
  return rectifiedSum(tape, name, full, around);
}
