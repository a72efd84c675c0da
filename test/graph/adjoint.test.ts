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

/** conv(x) and the data gradient for dy, on the GPU. */
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
    const backward = recordBackward(op, attrs, inputs, outputs, 'x', gpu.device.target);
    const keep = [forward.y, backward.dx];
    const program = await Program.compile(store, [...forward.dispatches, ...backward.dispatches], { keep });
    program.run();
    const result = { y: await program.read(forward.y), dx: await program.read(backward.dx) };
    program.destroy();
    return result;
  } finally {
    store.destroy();
  }
}

// <conv(x), dy> = <x, conv^T(dy)>: at this size a reference in float64 would take minutes, two dot products do not.
it.each([
  ['C=64;H=64;W=64;K=64', { x: [1, 64, 64, 64], weight: [64, 64, 3, 3] }, { stride: 1, pad: 1 }, 64],
  ['C=64;H=64;W=64;K=64;stride=2', { x: [1, 64, 64, 64], weight: [64, 64, 3, 3] }, { stride: 2, pad: 1 }, 32],
] as const)('conv2d and its data gradient are adjoint: %s', async (_name, shapes, attrs, side) => {
  const values = {
    x: samples(1, sizeOf(shapes.x)),
    weight: samples(2, sizeOf(shapes.weight)),
    dy: samples(3, 64 * side * side),
  };
  const { y, dx } = await both(attrs, values, shapes);
  const difference = Math.abs(dotProduct(y, values.dy) - dotProduct(values.x, dx));

  // The project's bound e_i = 4 sqrt(terms) 2^-24 sum|ab| holds for every element of y and of dx, with rounding
  // errors that are independent of each other; so their weighted sums err by the root of the sum of squares.
  const absolute = {
    x: values.x.map(Math.abs),
    weight: values.weight.map(Math.abs),
    dy: values.dy.map(Math.abs),
  };
  const magnitude = await both(attrs, absolute, shapes);
  const spread = (a: Float32Array, b: Float32Array) =>
    Math.sqrt(a.reduce((sum, value, i) => sum + (value * b[i]!) ** 2, 0));
  const perElement = TOLERANCE_FACTOR * Math.sqrt(64 * 9) * 2 ** -24;
  const bound = perElement * (spread(magnitude.y, absolute.dy) + spread(magnitude.dx, absolute.x));
  expect(difference).toBeLessThan(bound);
  // The bound would notice a wrong tap: it is far below what one tap of nine contributes.
  expect(bound).toBeLessThan(0.01 * Math.sqrt(y.length) * 24);
});
