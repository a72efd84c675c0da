// OpenFace's nn4.small2 (Amos, Ludwiczuk, Satyanarayanan, "OpenFace", CMU-CS-16-118), an Inception net after Schroff,
// Kalenichenko and Philbin, "FaceNet", CVPR 2015: 128 numbers a face on the unit sphere. The poolings inside the blocks
// are those of the released weights: windows of 3 and strides of 2 or 3, centred in zeros before the concatenation.
import { WeightsError } from '../base/errors.js';
import { formatShape, sameShape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import type { Tape } from '../graph/tape.js';
import { depthConcat } from '../kernels/concat.js';
import { conv2d } from '../kernels/conv2d.js';
import { crossMapLrn } from '../kernels/cross-map-lrn.js';
import { l2Normalize } from '../kernels/l2-normalize.js';
import { flatten, linear } from '../kernels/linear.js';
import { lpPool2d } from '../kernels/lp-pool2d.js';
import { avgPool2d, maxPool2d } from '../kernels/pool2d.js';
import { foldBatchNorm } from './fold-batch-norm.js';
import type { WeightTensor } from './manifest.js';
import type { PinnedWeights } from './pinned-weights.js';

/** Side of the input. */
export const NN4_SMALL2_SIDE = 96;

/** A pooling branch: the window is 3. */
interface Pooling {
  readonly kind: 'max' | 'l2';
  readonly stride: number;
  /** Outputs of the 1x1 convolution behind it; none where the branch is the pooling alone. */
  readonly outputs?: number;
}

/**
 * Poolings inside the blocks. `released`: those that the released weights were trained with, without padding, stride 2
 * (max) or 3 (L2). `definition`: those that OpenFace's nn4.small2.def.lua names, max with padding at the block's own
 * stride, L2 at stride 1.
 */
export type Nn4Poolings = 'released' | 'definition';

/** Branches of an Inception block: outputs of the reduction and of the convolution behind it. */
interface Block {
  readonly name: string;
  readonly inputs: number;
  readonly three: readonly [reduced: number, outputs: number, stride: number];
  readonly five?: readonly [reduced: number, outputs: number, stride: number];
  readonly pool: Pooling;
  readonly one?: number;
}

/** The blocks in their order. */
export const NN4_SMALL2_BLOCKS: readonly Block[] = [
  {
    name: '3a',
    inputs: 192,
    three: [96, 128, 1],
    five: [16, 32, 1],
    pool: { kind: 'max', stride: 2, outputs: 32 },
    one: 64,
  },
  {
    name: '3b',
    inputs: 256,
    three: [96, 128, 1],
    five: [32, 64, 1],
    pool: { kind: 'l2', stride: 3, outputs: 64 },
    one: 64,
  },
  {
    name: '3c',
    inputs: 320,
    three: [128, 256, 2],
    five: [32, 64, 2],
    pool: { kind: 'max', stride: 2 },
  },
  {
    name: '4a',
    inputs: 640,
    three: [96, 192, 1],
    five: [32, 64, 1],
    pool: { kind: 'l2', stride: 3, outputs: 128 },
    one: 256,
  },
  {
    name: '4e',
    inputs: 640,
    three: [160, 256, 2],
    five: [64, 128, 2],
    pool: { kind: 'max', stride: 2 },
  },
  { name: '5a', inputs: 1024, three: [96, 384, 1], pool: { kind: 'l2', stride: 3, outputs: 96 }, one: 256 },
  { name: '5b', inputs: 736, three: [96, 384, 1], pool: { kind: 'max', stride: 2, outputs: 96 }, one: 256 },
];

/** What is added to the variance in batch normalisation. */
export const NN4_SMALL2_EPSILON = 1e-5;

/** Convolutions with the batch normalisation behind each, by the names of their tensors. */
export function nn4Small2Pairs(): { conv: string; norm: string; shape: readonly number[] }[] {
  const pairs = [
    { conv: 'conv1', norm: 'bn1', shape: [64, 3, 7, 7] },
    { conv: 'conv2', norm: 'bn2', shape: [64, 64, 1, 1] },
    { conv: 'conv3', norm: 'bn3', shape: [192, 64, 3, 3] },
  ];
  for (const { name, inputs, three, five, pool, one } of NN4_SMALL2_BLOCKS) {
    const add = (branch: string, number: string, shape: readonly number[]) =>
      pairs.push({
        conv: `inception_${name}_${branch}_conv${number}`,
        norm: `inception_${name}_${branch}_bn${number}`,
        shape: [...shape],
      });
    for (const [size, branch] of [
      [3, three],
      [5, five],
    ] as const) {
      if (!branch) continue;
      add(`${size}x${size}`, '1', [branch[0], inputs, 1, 1]);
      add(`${size}x${size}`, '2', [branch[1], branch[0], size, size]);
    }
    if (pool.outputs) add('pool', '', [pool.outputs, inputs, 1, 1]);
    if (one) add('1x1', '', [one, inputs, 1, 1]);
  }
  return pairs;
}

/**
 * `tensors` of a released file with every batch normalisation folded into the convolution before it, for inference.
 * WeightsError, naming `where`, for what is missing or has another shape.
 */
export function foldNn4Small2(
  tensors: ReadonlyMap<string, WeightTensor>,
  where: string,
): Map<string, WeightTensor> {
  const find = (name: string, shape: readonly number[]) => {
    const found = tensors.get(name);
    if (!found) throw new WeightsError(`${where}: tensor ${name} of nn4.small2 is missing`);
    if (sameShape(found.shape, shape)) return found;
    throw new WeightsError(
      `${where}: tensor ${name} must be ${formatShape(shape)} for nn4.small2, is ${formatShape(found.shape)}`,
    );
  };
  const folded = new Map<string, WeightTensor>();
  for (const { conv, norm, shape } of nn4Small2Pairs()) {
    const perOutput = (name: string) => find(name, [shape[0]!]).values;
    const layer = { shape, weight: find(`${conv}.weight`, shape).values, bias: perOutput(`${conv}.bias`) };
    const made = foldBatchNorm(`${where}: ${conv}`, layer, {
      gamma: perOutput(`${norm}.weight`),
      beta: perOutput(`${norm}.bias`),
      mean: perOutput(`${norm}.running_mean`),
      variance: perOutput(`${norm}.running_var`),
      epsilon: NN4_SMALL2_EPSILON,
    });
    folded.set(`${conv}.weight`, { shape, values: Float32Array.from(made.weight) });
    folded.set(`${conv}.bias`, { shape: [shape[0]!], values: Float32Array.from(made.bias) });
  }
  folded.set('dense.weight', find('dense.weight', [128, 736]));
  folded.set('dense.bias', find('dense.bias', [128]));
  return folded;
}

/**
 * x [N,3,96,96], RGB in 0..1, an aligned face -> every layer by name (`conv1`, `lrn1`, `inception_3a`, …, `dense`,
 * `embedding` [N,128] of length 1). `weights`: from `foldNn4Small2`.
 */
export function nn4Small2(
  tape: Tape,
  weights: PinnedWeights,
  x: Tensor,
  poolings: Nn4Poolings = 'released',
): Map<string, Tensor> {
  const dense = { weight: weights.get('dense.weight', [128, 736]), bias: weights.get('dense.bias', [128]) };
  return nn4Small2Layers(tape, { conv: foldedConv(tape, weights), dense }, x, poolings);
}

/** What the architecture is filled with: it says nothing of how a convolution is normalised. */
export interface Nn4Parts {
  /** The convolution `name` of x, with what normalises it and its rectifier. */
  readonly conv: Nn4Conv;
  readonly dense: { readonly weight: Tensor; readonly bias: Tensor };
}

/** Records a convolution of nn4Small2Pairs. */
export type Nn4Conv = (name: string, x: Tensor, stride: number, pad: number) => Tensor;

/** A convolution with its batch normalisation folded in. */
export function foldedConv(
  tape: Tape,
  weights: { get(name: string, shape?: readonly number[]): Tensor },
): Nn4Conv {
  return (name, x, stride, pad) => {
    const inputs = { x, weight: weights.get(`${name}.weight`), bias: weights.get(`${name}.bias`) };
    return tape.record(conv2d, name, inputs, { stride, pad, relu: true });
  };
}

/** The architecture: layers by name, as nn4Small2. */
export function nn4Small2Layers(
  tape: Tape,
  { conv, dense }: Nn4Parts,
  x: Tensor,
  poolings: Nn4Poolings = 'released',
): Map<string, Tensor> {
  const layers = new Map<string, Tensor>();
  const keep = (name: string, y: Tensor) => {
    layers.set(name, y);
    return y;
  };
  const pool = { window: 3, stride: 2, pad: 1 };
  let y = keep('conv1', conv('conv1', x, 2, 3));
  y = keep('pool1', tape.record(maxPool2d, 'pool1', { x: y }, pool));
  y = keep('lrn1', tape.record(crossMapLrn, 'lrn1', { x: y }, LRN));
  y = keep('conv2', conv('conv2', y, 1, 0));
  y = keep('conv3', conv('conv3', y, 1, 1));
  y = keep('lrn2', tape.record(crossMapLrn, 'lrn2', { x: y }, LRN));
  y = keep('pool2', tape.record(maxPool2d, 'pool2', { x: y }, pool));
  for (const block of NN4_SMALL2_BLOCKS)
    y = keep(`inception_${block.name}`, inception(tape, conv, block, y, poolings));
  y = keep('avgpool', tape.record(avgPool2d, 'avgpool', { x: y }, { window: 3, stride: 3, pad: 0 }));
  const flat = tape.record(flatten, 'flatten', { x: y }, {});
  y = keep('dense', tape.record(linear, 'dense', { x: flat, ...dense }, {}));
  keep('embedding', tape.record(l2Normalize, 'embedding', { x: y }, {}));
  return layers;
}

/** Torch's local response normalisation across channels. */
const LRN = { size: 5, alpha: 1e-4, beta: 0.75, k: 1 };

function inception(tape: Tape, conv: Nn4Conv, block: Block, x: Tensor, poolings: Nn4Poolings): Tensor {
  const name = `inception_${block.name}`;
  const branches: Tensor[] = [];
  for (const [size, branch] of [
    [3, block.three],
    [5, block.five],
  ] as const) {
    if (!branch) continue;
    const reduced = conv(`${name}_${size}x${size}_conv1`, x, 1, 0);
    branches.push(conv(`${name}_${size}x${size}_conv2`, reduced, branch[2], (size - 1) / 2));
  }
  const { kind, outputs } = block.pool;
  const attrs = poolings === 'released' ? { window: 3, stride: block.pool.stride, pad: 0 } : defined(block);
  const pooled =
    kind === 'max'
      ? tape.record(maxPool2d, `${name}_pool`, { x }, attrs)
      : tape.record(lpPool2d, `${name}_pool`, { x }, attrs);
  branches.push(outputs ? conv(`${name}_pool_conv`, pooled, 1, 0) : pooled);
  if (block.one) branches.push(conv(`${name}_1x1_conv`, x, 1, 0));
  const inputs = Object.fromEntries(branches.map((branch, i) => [`x${i}`, branch]));
  return tape.record(depthConcat, name, inputs, {});
}

/** The pooling of a block as the definition has it. */
function defined({ pool, three }: Block): { window: number; stride: number; pad: number } {
  return pool.kind === 'l2' ? { window: 3, stride: 1, pad: 0 } : { window: 3, stride: three[2], pad: 1 };
}
