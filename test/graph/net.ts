// A small net for tests: loss = <conv2(relu(conv1(x))), w>, on a tape and as its float64 chain.
import { normal } from '../../src/base/random.js';
import { sizeOf } from '../../src/base/shape.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import type { Target } from '../../src/gpu/kernel.js';
import type { TensorStore } from '../../src/gpu/store.js';
import { Tape } from '../../src/graph/tape.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import { relu } from '../../src/kernels/relu.js';
import { type NdArray, ndarray } from '../../src/reference/array.js';
import { conv2dReference } from '../../src/reference/conv2d.js';
import { reluReference } from '../../src/reference/pointwise.js';
import { dot } from './dot.js';

export const CONV = { stride: 1, pad: 1 };

const SHAPES = {
  x: [1, 3, 7, 9],
  weight1: [6, 3, 3, 3],
  bias1: [6],
  weight2: [5, 6, 3, 3],
  w: [1, 5, 7, 9],
} as const;

export type NetArrays = Record<keyof typeof SHAPES, NdArray>;

/** Standard normal values, rounded to f32, so that both sides start from the same numbers. */
export function netArrays(seed: number): NetArrays {
  const entries = Object.entries(SHAPES).map(([name, shape], stream) => [
    name,
    ndarray(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => normal(seed + stream, i)),
    ),
  ]);
  return Object.fromEntries(entries) as NetArrays;
}

export interface RecordedNet {
  readonly tape: Tape;
  readonly x: Tensor;
  readonly features: Tensor;
  readonly loss: Tensor;
  readonly dx: Tensor;
}

/** The net and its gradient to x, with every input pinned in `store`. */
export function recordNet(store: TensorStore, arrays: NetArrays, target: Target): RecordedNet {
  const pin = (name: keyof NetArrays, options: Parameters<typeof tensor>[2]) =>
    store.pin(tensor(name, arrays[name].shape, { lifetime: 'pinned', ...options }), arrays[name].data);
  const x = pin('x', {});
  const tape = new Tape(target);
  const weight1 = pin('weight1', { layout: 'filter', constant: true });
  const conv1 = tape.record(
    conv2d,
    'conv1',
    { x, weight: weight1, bias: pin('bias1', { constant: true }) },
    CONV,
  );
  const features = tape.record(relu, 'relu1', { x: conv1 }, {});
  const weight2 = pin('weight2', { layout: 'filter', constant: true });
  const conv2 = tape.record(conv2d, 'conv2', { x: features, weight: weight2 }, CONV);
  const loss = tape.record(dot, 'loss', { x: conv2, w: pin('w', { constant: true }) }, {});
  return { tape, x, features, loss, dx: tape.backward(loss, [x]).get(x)! };
}

/** The same in float64: activations, the loss and its gradient to x. */
export function referenceNet(a: NetArrays): { conv1: NdArray; features: NdArray; loss: number; dx: NdArray } {
  const first = { x: a.x, weight: a.weight1, bias: a.bias1 };
  const conv1 = conv2dReference.forward(first, CONV);
  const features = reluReference.forward({ x: conv1 }, {});
  const second = { x: features, weight: a.weight2 };
  const conv2 = conv2dReference.forward(second, CONV);
  const loss = conv2.data.reduce((sum, value, i) => sum + value * a.w.data[i]!, 0);
  const dFeatures = conv2dReference.backward.x!(second, conv2, a.w, CONV);
  const dConv1 = reluReference.backward.x!({ x: conv1 }, features, dFeatures, {});
  return { conv1, features, loss, dx: conv2dReference.backward.x!(first, conv1, dConv1, CONV) };
}
