// Fixed workloads that other frameworks are timed on too, so that one command can time Facet beside them.
import { type Tensor, tensor } from '../../src/base/tensor.js';
import type { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { weightedAddOp } from '../../src/kernels/arithmetic.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import { gram } from '../../src/kernels/gram.js';
import { matmul } from '../../src/kernels/matmul.js';
import { squaredError } from '../../src/kernels/squared-error.js';
import { type ConvWeights, vggForward, vggPrefix } from '../../src/nets/vgg.js';
import { Adam } from '../../src/optim/adam.js';
import { type Make, type RunOnce, runner, values } from './peer-data.js';
import { nn4Of } from './peer-nn4.js';
import { nn4TrainingOf } from './peer-training.js';

const STYLE_LAYERS = ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'];
const CONTENT_LAYER = 'relu4_2';
/** Every target's elements, content and style. */
const TARGET = 0.1;

/**
 * By name: VGG-19 forward (W1), one style step (W2), nn4.small2 forward on 1 and 16 faces, with the poolings of its
 * definition and of its released weights (W3), a product and a convolution (W4), a training step of nn4.small2 on 8 x 4
 * faces (W5).
 */
export const PEER_WORKLOADS: Readonly<Record<string, Make>> = {
  W1_128: vggForwardOf(128),
  W1_224: vggForwardOf(224),
  W2_128: styleStepOf(128),
  W2_256: styleStepOf(256),
  W3_b1: nn4Of(1, 'definition'),
  W3_b16: nn4Of(16, 'definition'),
  W3_released_b1: nn4Of(1, 'released'),
  W3_released_b16: nn4Of(16, 'released'),
  W4_gemm512: productOf(512),
  W4_gemm1024: productOf(1024),
  W4_conv: convolution,
  W5_train: nn4TrainingOf(8, 4),
};

/** All convolutions up to conv5_1 in the file's order, each [K,C,3,3] then [K]. */
function vggWeights(store: TensorStore, data: string | undefined): ConvWeights {
  const channels = { 1: 64, 2: 128, 3: 256, 4: 512, 5: 512 } as Record<number, number>;
  const layers = vggPrefix('vgg19', ['relu5_1']).filter((layer) => layer.kind === 'conv');
  const shapes = layers.map((layer, i): [string, number, number] => {
    const before = i === 0 ? 3 : channels[layers[i - 1]!.block]!;
    return [layer.name, before, channels[layer.block]!];
  });
  const count = shapes.reduce((sum, [, c, k]) => sum + 9 * c * k + k, 0);
  const all = values(data, 'vgg.bin', count, 0.05);
  const tensors = new Map<string, Tensor>();
  let at = 0;
  const take = (length: number) => {
    at += length;
    return all.subarray(at - length, at);
  };
  for (const [name, c, k] of shapes) {
    const weight = tensor(`${name}.weight`, [k, c, 3, 3], { layout: 'filter', constant: true });
    tensors.set(weight.name, store.pin(weight, take(9 * c * k)));
    const bias = tensor(`${name}.bias`, [k], { constant: true });
    tensors.set(bias.name, store.pin(bias, take(k)));
  }
  return {
    weight: (name) => tensors.get(`${name}.weight`)!,
    bias: (name) => tensors.get(`${name}.bias`)!,
  };
}

function vggForwardOf(side: number): Make {
  return async (store, data) => {
    const weights = vggWeights(store, data);
    const x = store.pin(
      tensor('x', [1, 3, side, side], { lifetime: 'pinned' }),
      values(data, `in_vgg_${side}.bin`, 3 * side * side, 1),
    );
    const tape = new Tape(store.device.target);
    const options = { pooling: 'max', padding: 'zero' } as const;
    const y = vggForward(tape, 'vgg19', weights, x, ['relu4_1'], options).get('relu4_1')!;
    return runner(store, tape, y);
  };
}

/** Average pooling, mean squared errors against constant targets, gradient to the picture, Adam. */
function styleStepOf(side: number): Make {
  return async (store, data) => {
    const weights = vggWeights(store, data);
    const image = store.pin(
      tensor('image', [1, 3, side, side], { lifetime: 'pinned' }),
      values(data, `in_vgg_${side}.bin`, 3 * side * side, 1),
    );
    const tape = new Tape(store.device.target);
    const options = { pooling: 'average', padding: 'zero' } as const;
    const taps = vggForward(tape, 'vgg19', weights, image, [...STYLE_LAYERS, CONTENT_LAYER], options);
    const error = (name: string, x: Tensor) => {
      const size = x.shape.reduce((a, b) => a * b, 1);
      const target = store.pin(
        tensor(`target.${name}`, x.shape, { constant: true }),
        new Float32Array(size).fill(TARGET),
      );
      return tape.record(squaredError, name, { x, target }, { scale: 1 / size });
    };
    let loss = error('content', taps.get(CONTENT_LAYER)!);
    for (const layer of STYLE_LAYERS) {
      const x = taps.get(layer)!;
      const size = x.shape.reduce((a, b) => a * b, 1);
      const g = tape.record(gram, `gram.${layer}`, { x }, { scale: 1 / size });
      loss = tape.record(
        weightedAddOp,
        `sum.${layer}`,
        { a: loss, b: error(layer, g) },
        { alpha: 1, beta: 1 },
      );
    }
    const adam = new Adam(store, { learningRate: 0.02, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    adam.record(tape, image, tape.backward(loss, [image]).get(image)!);
    const program = await Program.compile(store, tape.dispatches, { keep: [loss] });
    let step = 0;
    return async () => {
      adam.beforeStep(program, ++step);
      program.run();
      return program.read(loss);
    };
  };
}

function productOf(n: number): Make {
  return async (store, data) => {
    const all = values(data, `gemm${n}.bin`, 2 * n * n, 1);
    const pin = (name: string, part: Float32Array) =>
      store.pin(tensor(name, [n, n], { lifetime: 'pinned' }), part);
    const tape = new Tape(store.device.target);
    const inputs = { a: pin('a', all.subarray(0, n * n)), b: pin('b', all.subarray(n * n)) };
    return runner(store, tape, tape.record(matmul, 'product', inputs, {}));
  };
}

async function convolution(store: TensorStore, data: string | undefined): Promise<RunOnce> {
  const [c, side] = [256, 56];
  const all = values(data, 'conv.bin', 9 * c * c + c + c * side * side, 0.05);
  const weight = tensor('weight', [c, c, 3, 3], { layout: 'filter', constant: true });
  const inputs = {
    weight: store.pin(weight, all.subarray(0, 9 * c * c)),
    bias: store.pin(tensor('bias', [c], { constant: true }), all.subarray(9 * c * c, 9 * c * c + c)),
    x: store.pin(tensor('x', [1, c, side, side], { lifetime: 'pinned' }), all.subarray(9 * c * c + c)),
  };
  const tape = new Tape(store.device.target);
  return runner(store, tape, tape.record(conv2d, 'convolution', inputs, { stride: 1, pad: 1 }));
}
