import { expect, it } from 'vitest';
import { TOLERANCE_FACTOR } from '../../harness/check.js';
import { caseTensors, outputTensors, recordBackward, recordForward } from '../../harness/record.js';
import { normal } from '../../src/base/random.js';
import { sizeOf } from '../../src/base/shape.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import type { OpSpec } from '../../src/kernels/op.js';
import { useDevice } from '../kernels/shared.js';

const gpu = useDevice();
const op = conv2d as unknown as OpSpec<unknown>;
const samples = (seed: number, count: number) =>
  Float32Array.from({ length: count }, (_, i) => normal(seed, i));
const dotProduct = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** conv(x) and the gradients to x and to the weight for dy, on the GPU. */
async function both(
  attrs: object,
  values: Record<'x' | 'weight' | 'dy', Float32Array>,
  shapes: Record<'x' | 'weight', readonly number[]>,
) {
  const store = new TensorStore(gpu.device);
  try {
    const inputs = caseTensors(op, shapes);
    const outputs = outputTensors(op, attrs, inputs);
    store.pin(inputs.x!, values.x);
    store.pin(inputs.weight!, values.weight);
    store.pin(outputs.dy, values.dy);
    const forward = recordForward(op, attrs, inputs, gpu.device.target);
    const [toX, toWeight] = ['x', 'weight'].map((name) =>
      recordBackward(op, attrs, inputs, outputs, name, gpu.device.target),
    ) as [ReturnType<typeof recordBackward>, ReturnType<typeof recordBackward>];
    const keep = [forward.y, toX.dx, toWeight.dx];
    const all = [...forward.dispatches, ...toX.dispatches, ...toWeight.dispatches];
    const program = await Program.compile(store, all, { keep });
    program.run();
    const [y, dx, dweight] = await program.readAll(keep);
    const result = { y: y!, dx: dx!, dweight: dweight! };
    program.destroy();
    return result;
  } finally {
    store.destroy();
  }
}

// <conv(x), dy> = <x, conv^T(dy)> = <weight, dweight>, conv being linear in both: at these sizes a reference in float64
// would take minutes, three dot products do not.
it.each([
  ['C=64;H=64;W=64;K=64', { x: [1, 64, 64, 64], weight: [64, 64, 3, 3] }, { stride: 1, pad: 1 }, 64],
  ['C=64;H=64;W=64;K=64;stride=2', { x: [1, 64, 64, 64], weight: [64, 64, 3, 3] }, { stride: 2, pad: 1 }, 32],
  ['N=8;C=64;H=24;W=24;K=192', { x: [8, 64, 24, 24], weight: [192, 64, 3, 3] }, { stride: 1, pad: 1 }, 24],
  [
    'N=4;C=3;H=96;W=96;K=64;k=7;stride=2',
    { x: [4, 3, 96, 96], weight: [64, 3, 7, 7] },
    { stride: 2, pad: 3 },
    48,
  ],
  [
    'N=32;C=640;H=6;W=6;K=256;k=1;pad=0',
    { x: [32, 640, 6, 6], weight: [256, 640, 1, 1] },
    { stride: 1, pad: 0 },
    6,
  ],
] as const)('conv2d and its gradients are adjoint: %s', async (_name, shapes, attrs, side) => {
  const [n] = shapes.x;
  const [k, c, r, s] = shapes.weight;
  const values = {
    x: samples(1, sizeOf(shapes.x)),
    weight: samples(2, sizeOf(shapes.weight)),
    dy: samples(3, n * k * side * side),
  };
  const { y, dx, dweight } = await both(attrs, values, shapes);
  const product = dotProduct(y, values.dy);

  // The project's bound e_i = 4 sqrt(terms) 2^-24 sum|ab| holds for every element of each result, with rounding
  // errors that are independent of each other; so their weighted sums err by the root of the sum of squares.
  const absolute = {
    x: values.x.map(Math.abs),
    weight: values.weight.map(Math.abs),
    dy: values.dy.map(Math.abs),
  };
  const magnitude = await both(attrs, absolute, shapes);
  const error = (terms: number, a: Float32Array, b: Float32Array) =>
    TOLERANCE_FACTOR *
    Math.sqrt(terms) *
    2 ** -24 *
    Math.sqrt(a.reduce((sum, value, i) => sum + (value * b[i]!) ** 2, 0));
  const ofY = error(c * r * s, magnitude.y, absolute.dy);
  const toX = ofY + error(k * r * s, magnitude.dx, absolute.x);
  const toWeight = ofY + error(n * side * side, magnitude.dweight, absolute.weight);
  expect(Math.abs(product - dotProduct(values.x, dx))).toBeLessThan(toX);
  expect(Math.abs(product - dotProduct(values.weight, dweight))).toBeLessThan(toWeight);
  // The bounds would notice a wrong tap or channel: they are far below what one of a window contributes.
  expect(Math.max(toX, toWeight)).toBeLessThan(0.01 * Math.sqrt(y.length) * Math.sqrt(c * r * s));
});
