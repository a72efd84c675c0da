// Parts of nn4.small2 against an independent implementation: a layer with its batch norm folded, an Inception block
// whose branches differ in size, and the way from the last map to the embedding.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOLERANCE_FACTOR } from '../../harness/check.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { globalAvgPool } from '../../src/kernels/channel-mean.js';
import { depthConcat } from '../../src/kernels/concat.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import { l2Normalize } from '../../src/kernels/l2-normalize.js';
import { flatten, linear } from '../../src/kernels/linear.js';
import { avgPool2d, maxPool2d } from '../../src/kernels/pool2d.js';
import { foldBatchNorm } from '../../src/nets/fold-batch-norm.js';
import { parseSafetensors, type StoredTensor, tensorValues } from '../../src/nets/safetensors.js';
import { useDevice } from '../kernels/shared.js';
import { type Golden, loadGolden, relativeError, sharedFolder, sharedPath } from './shared.js';

/** Relative to the 2-norm, sums of so many products in all (docs/numerics.md). */
const tolerance = (products: number) => TOLERANCE_FACTOR * 2 ** -24 * Math.sqrt(products);

describe.skipIf(!sharedFolder)('parts of nn4.small2', () => {
  const gpu = useDevice();
  let golden: Golden;
  let weights: ReadonlyMap<string, StoredTensor>;
  let store: TensorStore;

  beforeAll(() => {
    golden = loadGolden();
    const path = sharedPath('weights', 'openface-nn4-small2.safetensors');
    weights = parseSafetensors(readFileSync(path), path).tensors;
    store = new TensorStore(gpu.device);
  });
  afterAll(() => store?.destroy());

  const stored = (name: string) => tensorValues(weights.get(name)!);
  const pinned = (name: string, shape: readonly number[], values: ArrayLike<number>, filter = false) =>
    store.pin(tensor(name, shape, { constant: true, ...(filter ? { layout: 'filter' } : {}) }), values);
  /** A golden map of one picture. */
  const map = (name: string): Tensor => {
    const { shape, values } = golden.tensor(`face.anchor.${name}`);
    return pinned(name, [1, ...shape], values);
  };

  /** Convolution, batch norm and ReLU as one convolution. */
  function convBnRelu(tape: Tape, x: Tensor, conv: string, bn: string, stride = 1, pad = 0): Tensor {
    const { shape } = weights.get(`${conv}.weight`)!;
    const folded = foldBatchNorm(
      conv,
      { shape, weight: stored(`${conv}.weight`), bias: stored(`${conv}.bias`) },
      {
        gamma: stored(`${bn}.weight`),
        beta: stored(`${bn}.bias`),
        mean: stored(`${bn}.running_mean`),
        variance: stored(`${bn}.running_var`),
        epsilon: 1e-5,
      },
    );
    const weight = pinned(`${conv}.weight`, shape, folded.weight, true);
    const bias = pinned(`${conv}.bias`, [shape[0]!], folded.bias);
    return tape.record(conv2d, conv, { x, weight, bias }, { stride, pad, relu: true });
  }

  async function run(tape: Tape, y: Tensor): Promise<Float32Array> {
    const program = await Program.compile(store, tape.dispatches, { keep: [y] });
    program.runPoisoned();
    const values = await program.read(y);
    program.destroy();
    return values;
  }

  it('conv1 with its batch norm folded', async () => {
    const tape = new Tape(gpu.device.target);
    const pixels = golden.tensor('face.anchor_rgb').values.map((value) => value / 255);
    const image = pinned('image', [1, 3, 96, 96], pixels);
    const y = convBnRelu(tape, image, 'conv1', 'bn1', 2, 3);
    const { values } = golden.tensor('face.anchor.conv1');
    // The division by 255 rounds too.
    expect(relativeError(await run(tape, y), values)).toBeLessThan(tolerance(7 * 7 * 3 + 1));
  });

  it('inception_3a, whose pooling branch is smaller than the others', async () => {
    const tape = new Tape(gpu.device.target);
    const x = map('pool2');
    const conv = (from: Tensor, name: string, index = '', pad = 0) =>
      convBnRelu(tape, from, `inception_3a_${name}_conv${index}`, `inception_3a_${name}_bn${index}`, 1, pad);
    const branches = {
      x0: conv(conv(x, '3x3', '1'), '3x3', '2', 1),
      x1: conv(conv(x, '5x5', '1'), '5x5', '2', 2),
      x2: conv(tape.record(maxPool2d, 'pool', { x }, { window: 3, stride: 2, pad: 0 }), 'pool'),
      x3: conv(x, '1x1'),
    };
    expect(branches.x2.shape).toEqual([1, 32, 5, 5]);
    const y = tape.record(depthConcat, 'inception_3a', branches, {});
    const { values } = golden.tensor('face.anchor.inception_3a');
    expect(relativeError(await run(tape, y), values)).toBeLessThan(tolerance(192 + 96 * 9));
  });

  it.each(['global_avg_pool', 'avg_pool2d and flatten'])(
    'the embedding of the last map, by %s',
    async (by) => {
      const tape = new Tape(gpu.device.target);
      const x = map('inception_5b');
      const pooled =
        by === 'global_avg_pool'
          ? tape.record(globalAvgPool, 'avgpool', { x }, {})
          : tape.record(
              flatten,
              'flat',
              { x: tape.record(avgPool2d, 'avgpool', { x }, { window: 3, stride: 3, pad: 0 }) },
              {},
            );
      const weight = pinned('dense.weight', [128, 736], stored('dense.weight'));
      const bias = pinned('dense.bias', [128], stored('dense.bias'));
      const dense = tape.record(linear, 'dense', { x: pooled, weight, bias }, {});
      const y = tape.record(l2Normalize, 'embedding', { x: dense }, {});
      const embedding = golden.tensor('face.embeddings').values.subarray(0, 128);
      expect(relativeError(await run(tape, y), embedding)).toBeLessThan(tolerance(9 + 736 + 128));
      expect(relativeError(await run(tape, dense), golden.tensor('face.anchor.dense').values)).toBeLessThan(
        tolerance(9 + 736),
      );
    },
  );
});
