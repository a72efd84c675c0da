import { expect, it } from 'vitest';
import { normaliseSlim } from '../../harness/node/training/slim-export.js';
import { loadManifest } from '../../harness/node/weights.js';
import { hash32, normal, uniform } from '../../src/base/random.js';
import { sizeOf } from '../../src/base/shape.js';
import { tensor } from '../../src/base/tensor.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import type { WeightTensor } from '../../src/nets/manifest.js';
import { Net } from '../../src/nets/net.js';
import {
  divideChannels,
  foldSlim,
  SLIM_CONVENTION,
  SLIM_NET,
  slimConvs,
  slimSpecs,
} from '../../src/training/vgg-slim.js';
import { useDevice } from '../kernels/shared.js';

const gpu = useDevice();
const WIDTHS = [4, 5, 8, 6, 8];
const SIDE = 32;

/** Values as a trained net might have them. */
function trained() {
  return new Map(
    slimSpecs(WIDTHS).map(({ name, shape }, at) => {
      const size = sizeOf(shape);
      const values = Float32Array.from({ length: size }, (_, i) => {
        if (name.endsWith('.running')) return i < shape[1]! ? 0.1 * normal(at, i) : 0.5 + uniform(at, i);
        if (shape.length === 4) return normal(at, i) * Math.sqrt(2 / (9 * shape[1]!));
        return name.endsWith('norm.weight') ? 0.5 + uniform(at, i) : 0.2 + 0.1 * normal(at, i);
      });
      return [name, { shape, values }] as const;
    }),
  );
}

const squares = [0, 1, 2].map((n) =>
  Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => hash32(n, i >> 4) % 256),
);

/**
 * How far rounding a layer's kernels and bias to f16 may move the means of its channels: 2^-11 of each weight times the
 * mean of what it sees, when a mean is measured and again when it was divided by. Means are 1, at most 4 behind a pooling;
 * pixels are at most 2.7.
 */
function boundsOf(name: string, tensors: ReadonlyMap<string, WeightTensor>): number[] {
  const { shape, values } = tensors.get(`${name}.weight`)!;
  const bias = tensors.get(`${name}.bias`)!.values;
  const own = values.length / shape[0]!;
  return Array.from(bias, (value, k) => {
    const kernel = values.subarray(k * own, (k + 1) * own).reduce((sum, weight) => sum + Math.abs(weight), 0);
    return 2 ** -10 * (4 * kernel + Math.abs(value));
  });
}

it('a factor for each channel leaves what the next layer sees', () => {
  const net = foldSlim(trained(), WIDTHS);
  const factors = new Map(
    [...net].map(([name, { bias }], n) => [name, bias.map((_, k) => 2 ** ((n + k) % 5))]),
  );
  const back = divideChannels(
    divideChannels(net, factors),
    new Map([...factors].map(([name, own]) => [name, own.map((value) => 1 / value)])),
  );
  for (const [name, { weight, bias }] of net) {
    expect(back.get(name)!.weight).toEqual(weight);
    expect(back.get(name)!.bias).toEqual(bias);
  }
  // The second layer takes the first one's factor back, and divides by its own.
  const [one, two] = slimConvs(WIDTHS);
  const divided = divideChannels(net, factors).get(two!.name)!;
  expect(divided.weight[0]).toBe(
    (net.get(two!.name)!.weight[0]! * factors.get(one!.name)![0]!) / factors.get(two!.name)![0]!,
  );
});

it('every channel that fires has the mean 1, as the file is rounded', async () => {
  const manifest = await loadManifest(SLIM_NET, 'style');
  const net = foldSlim(trained(), WIDTHS);
  const { tensors, least, largest, dead } = await normaliseSlim(
    gpu.device,
    net,
    squares,
    SIDE,
    manifest,
    true,
  );
  const all = slimConvs(WIDTHS).flatMap(({ name }) => boundsOf(name, tensors));
  expect(least).toBeGreaterThan(1 - Math.max(...all));
  expect(largest).toBeLessThan(1 + Math.max(...all));

  // Measured otherwise: the taps themselves, averaged here.
  const store = new TensorStore(gpu.device);
  try {
    const loaded = { net: SLIM_NET, tensors, convention: SLIM_CONVENTION, source: 'x', sha256: '', manifest };
    const shipped = new Net(store, loaded, ['relu3_1']);
    const sums = new Float64Array(WIDTHS[2]!);
    const pixels = (SIDE / 4) ** 2;
    for (const square of squares) {
      const planar = Float32Array.from({ length: square.length }, (_, i) => {
        return square[3 * (i % (SIDE * SIDE)) + Math.floor(i / (SIDE * SIDE))]! / 255;
      });
      const image = store.pin(tensor('x', [1, 3, SIDE, SIDE], { lifetime: 'pinned' }), planar);
      const tape = new Tape(store.target);
      const tap = shipped
        .forward(tape, image, ['relu3_1'], { pooling: 'max', padding: 'zero' })
        .get('relu3_1')!;
      const program = await Program.compile(store, tape.dispatches, { keep: [tap] });
      program.run();
      for (const [i, value] of (await program.read(tap)).entries())
        sums[Math.floor(i / pixels)]! += value / (pixels * squares.length);
      program.destroy();
    }
    const bounds = boundsOf('conv3_1', tensors);
    const alive = [...sums.entries()].filter(([, value]) => value > 0);
    expect(alive.length + dead).toBeGreaterThanOrEqual(sums.length);
    for (const [c, value] of alive) expect(Math.abs(value - 1)).toBeLessThan(bounds[c]!);
  } finally {
    store.destroy();
  }
});
