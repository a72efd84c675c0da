// The embedded net against facts about its layers that other implementations computed.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { TOLERANCE_FACTOR } from '../../harness/check.js';
import { readPicture } from '../../harness/node/pictures.js';
import { findWeights } from '../../harness/node/weights.js';
import { toPlanar } from '../../src/base/image.js';
import { tensor } from '../../src/base/tensor.js';
import type { Target } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { gram } from '../../src/kernels/gram.js';
import { Net } from '../../src/nets/net.js';
import { useDevice } from '../kernels/shared.js';
import { loadGolden, sharedFolder } from './shared.js';

interface Facts {
  layers: Record<
    string,
    {
      shape: number[];
      mean: number;
      std: number;
      max: number;
      sum: number;
      first8_channel0_row0: number[];
      gram_trace_over_hw: number;
    }
  >;
}

const FIXTURES = new URL('../fixtures/', import.meta.url);

function readFacts(name: string): Facts {
  return JSON.parse(readFileSync(new URL(name, FIXTURES), 'utf8')) as Facts;
}

/** Every convolution's rounding errors add like independent ones; the factor 2 is for facts that are float32's. */
const PRODUCTS = 27 + 144 + 144 + 288 + 288 + 576 * 4 + 1152 * 4;
const TOLERANCE = 2 * TOLERANCE_FACTOR * 2 ** -24 * Math.sqrt(PRODUCTS);

/** 16 convolutions, each rounding both factors to f16: relative to its rms a sum errs by 2^-11 sqrt(2 / 3). */
const MIXED_TOLERANCE = TOLERANCE + TOLERANCE_FACTOR * 2 ** -11 * Math.sqrt((2 / 3) * 16);

const gpu = useDevice();

/** Holds all layers of the net on `rgb` [1,3,64,64] in 0..1 against `facts`, whose rows err by `rowError`. */
async function expectFacts(
  facts: Facts,
  rgb: Float32Array,
  rowError: number,
  change: Partial<Target> = {},
): Promise<void> {
  const target = { ...gpu.device.target, ...change };
  const tolerance = target.precision === 'mixed' ? MIXED_TOLERANCE : TOLERANCE;
  const store = new TensorStore(gpu.device);
  const layers = Object.keys(facts.layers);
  const net = new Net(store, await findWeights('vgg19-slim', { env: {} }), layers);
  const image = store.pin(tensor('image', [1, 3, 64, 64], { lifetime: 'pinned' }), rgb);
  const tape = new Tape(target);
  const taps = net.forward(tape, image, layers, { pooling: 'max', padding: 'zero' });
  const grams = layers.map((layer) => {
    const [, , h, w] = taps.get(layer)!.shape as unknown as [number, number, number, number];
    return tape.record(gram, `gram:${layer}`, { x: taps.get(layer)! }, { scale: 1 / (h * w) });
  });
  const program = await Program.compile(store, tape.dispatches, { keep: [...taps.values(), ...grams] });
  program.run();
  for (const [i, layer] of layers.entries()) {
    const expected = facts.layers[layer]!;
    const t = taps.get(layer)!;
    expect(t.shape.slice(1), layer).toEqual(expected.shape);
    const values = await program.read(t);
    const sum = values.reduce((a, b) => a + b, 0);
    const mean = sum / values.length;
    const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1));
    expect(Math.abs(sum / expected.sum - 1), `${layer} sum`).toBeLessThan(tolerance);
    expect(Math.abs(mean / expected.mean - 1), `${layer} mean`).toBeLessThan(tolerance);
    expect(Math.abs(std / expected.std - 1), `${layer} std`).toBeLessThan(tolerance + 0.6 / values.length);
    expect(
      Math.abs(values.reduce((a, b) => Math.max(a, b), 0) / expected.max - 1),
      `${layer} max`,
    ).toBeLessThan(tolerance);
    for (const [at, value] of expected.first8_channel0_row0.slice(0, t.shape[3]).entries()) {
      expect(Math.abs(values[at]! - value), `${layer} [${at}]`).toBeLessThan(
        tolerance * expected.max + rowError,
      );
    }
    const g = await program.read(grams[i]!);
    const c = expected.shape[0]!;
    let trace = 0;
    for (let k = 0; k < c; k++) trace += g[k * c + k]!;
    expect(Math.abs(trace / expected.gram_trace_over_hw - 1), `${layer} Gram trace`).toBeLessThan(
      2 * tolerance,
    );
  }
  program.destroy();
  store.destroy();
}

it('all layers of a painted picture, by numpy in float64 (test/fixtures/make-slim-facts.py)', async () => {
  const picture = await readPicture(fileURLToPath(new URL('slim-input.png', FIXTURES)));
  await expectFacts(readFacts('vgg19-slim.facts.json'), toPlanar(picture), 0);
});

const asGpu = (convolution: string, change: Partial<Target> = {}): [string, Partial<Target>] => [
  convolution,
  {
    cpu: false,
    choices: { conv2d: { '*': convolution }, 'conv2d-mixed': { '*': convolution } },
    ...change,
  },
];

it.each([
  asGpu('tiled/64x64'),
  asGpu('tiled/32x32'),
  asGpu('tiled-f16/64x64', { precision: 'mixed' }),
  asGpu('matrix/16x16x16', {
    precision: 'mixed',
    matrices: [{ m: 16, n: 16, k: 16, subgroup: 32, emulated: true }],
  }),
])('all layers of a painted picture as on a GPU, by %s', { timeout: 300_000 }, async (_, change) => {
  const picture = await readPicture(fileURLToPath(new URL('slim-input.png', FIXTURES)));
  await expectFacts(readFacts('vgg19-slim.facts.json'), toPlanar(picture), 0, change);
});

it.skipIf(!sharedFolder)('all layers of a photograph, recorded with the training', async () => {
  const rgb = loadGolden()
    .tensor('vgg.content_rgb')
    .values.map((value) => value / 255);
  // PyTorch's, in float32; rows are rounded to 1e-6.
  await expectFacts(readFacts('vgg19-slim.golden.json'), rgb, 1e-6);
});
