import { beforeAll, describe, expect, it } from 'vitest';
import { findWeights } from '../../harness/node/weights.js';
import { FacetError, InputError } from '../../src/base/errors.js';
import { rgbImage } from '../../src/base/image.js';
import type { LoadedWeights } from '../../src/nets/manifest.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../src/style/checkpoint.js';
import type { PartialStyleOptions } from '../../src/style/options.js';
import { type StylizeHooks, stylize } from '../../src/style/stylize.js';
import { useDevice } from '../kernels/shared.js';
import { contentPicture, stylePicture } from './shared.js';

const gpu = useDevice();
let weights: LoadedWeights;
beforeAll(async () => {
  weights = await findWeights('vgg19-slim', { env: {} });
});

const content = contentPicture();
const style = stylePicture();
/** Two scales, 45 and 64 px. */
const SMALL = { size: 64, firstSize: 45, iterations: 12 } as const;

const run = (options: PartialStyleOptions = {}, hooks: StylizeHooks = {}, more: object = {}) =>
  stylize({ device: gpu.device, weights, content, style, options: { ...SMALL, ...options }, ...more }, hooks);

describe('a run', () => {
  it('lowers the loss at every scale and gives a picture of the asked size', async () => {
    const result = await run({ iterations: 40 }, { lossEvery: 1 });
    expect([result.image.width, result.image.height]).toEqual([64, 53]);
    expect(result.steps).toBe(40);
    expect(result.aborted).toBe(false);
    const total = result.trace.series.total!;
    const [first, second] = result.trace.scales.map((s) => s.step);
    expect(total[second! - 1]!).toBeLessThan(0.5 * total[first!]!);
    expect(total.at(-1)!).toBeLessThan(total[second!]!);
    expect(result.image.data.every((v) => v >= 0 && v <= 1)).toBe(true);
    const layers = Object.keys(result.trace.series).filter((name) => name.startsWith('style:'));
    expect(layers.sort()).toEqual(
      ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'].map((l) => `style:${l}`),
    );
  });

  it('gives the same bits twice, and other bits for another seed', async () => {
    const noise = { init: 'noise', size: 45, iterations: 4 } as const;
    const [a, b, c] = [
      await run({ ...noise, seed: 5 }),
      await run({ ...noise, seed: 5 }),
      await run({ ...noise, seed: 6 }),
    ];
    expect(b.image.data).toEqual(a.image.data);
    expect(c.image.data).not.toEqual(a.image.data);
  });

  it('tells steps, scales and losses', async () => {
    const events: [number, number, number, boolean][] = [];
    await run(
      {},
      {
        lossEvery: 3,
        onStep: (e) => void events.push([e.step, e.total, e.scale.index, e.losses !== undefined]),
      },
    );
    expect(events.map((e) => e[0])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(events.every((e) => e[1] === 12)).toBe(true);
    expect(events.map((e) => e[2])).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect(events.map((e) => e[3])).toEqual([
      true,
      false,
      false,
      true,
      false,
      false,
      true,
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  it('reports losses that became infinite with advice', async () => {
    // A first layer a sextillion times too large: its Gram matrix does not fit float32.
    const first = weights.tensors.get('conv1_1.weight')!;
    const tensors = new Map(weights.tensors);
    tensors.set('conv1_1.weight', { ...first, values: first.values.map((value) => value * 1e21) });
    const failed = run({}, { lossEvery: 1 }, { weights: { ...weights, tensors } });
    await expect(failed).rejects.toThrow(FacetError);
    await expect(failed).rejects.toThrow(/became (Infinity|NaN) at step 0: lower the learning rate/);
  });
});

describe('resuming', () => {
  /** Stops after `stop` steps, through bytes, and goes on. */
  async function interrupted(options: PartialStyleOptions, stop: number, more: object = {}) {
    const abort = new AbortController();
    const part = await run(
      options,
      { signal: abort.signal, onStep: (e) => void (e.step === stop && abort.abort()) },
      more,
    );
    expect(part.aborted).toBe(stop < 12);
    expect(part.steps).toBe(stop);
    const checkpoint = decodeCheckpoint(encodeCheckpoint(part.checkpoint), 'test');
    return run({}, {}, { ...more, resume: checkpoint });
  }

  it('is bit-exact at every step of both scales', async () => {
    const whole = await run();
    for (let stop = 1; stop < 12; stop++) {
      const resumed = await interrupted({}, stop);
      expect(resumed.image.data, `stopped at ${stop}`).toEqual(whole.image.data);
      expect(resumed.trace, `trace, stopped at ${stop}`).toEqual(whole.trace);
    }
  });

  it('is bit-exact with L-BFGS and noise', async () => {
    const options = { optimizer: 'lbfgs', init: 'noise', seed: 9, learningRate: 0.5 } as const;
    const whole = await run(options);
    for (const stop of [3, 8, 10])
      expect((await interrupted(options, stop)).image.data, `stopped at ${stop}`).toEqual(whole.image.data);
  });

  it('refuses other pictures and damaged files', async () => {
    const abort = new AbortController();
    const part = await run({}, { signal: abort.signal, onStep: () => abort.abort() });
    const other = { resume: part.checkpoint, content: stylePicture() };
    await expect(run({}, {}, other)).rejects.toThrow('the pictures or masks differ');
    const bytes = encodeCheckpoint(part.checkpoint);
    expect(() => decodeCheckpoint(bytes.subarray(0, bytes.length - 9), 'x.safetensors')).toThrow(InputError);
    expect(() => decodeCheckpoint(new Uint8Array(10), 'x.safetensors')).toThrow(InputError);
  });

  it('gives the same bytes for the same checkpoint', async () => {
    const checkpoints: Checkpoint[] = [];
    await run({ iterations: 3 }, { onStep: async (e) => void checkpoints.push(await e.checkpoint()) });
    expect(encodeCheckpoint(checkpoints[1]!)).toEqual(encodeCheckpoint(checkpoints[1]!));
    expect(encodeCheckpoint(checkpoints[1]!)).not.toEqual(encodeCheckpoint(checkpoints[2]!));
  });
});

describe('variants', () => {
  const one = { size: 48, firstSize: 48, iterations: 8 } as const;

  it.each<[string, PartialStyleOptions]>([
    ['paper', { preset: 'paper' }],
    ['gatys (L-BFGS, mean)', { preset: 'gatys' }],
    ['quality', { preset: 'quality' }],
    ['W2 loss', { styleLoss: 'w2' }],
    ['average pooling', { pooling: 'average', poolingScale: 2 }],
    ['TV l1', { tvWeight: 1, tvForm: 'l1' }],
    ['TV l2', { tvWeight: 1, tvForm: 'l2' }],
    ['init noise', { init: 'noise' }],
    ['init style', { init: 'style' }],
    ['init content with noise', { initNoise: 0.3 }],
    ['style scale', { styleScale: 2 }],
    ['zero padding', { padding: 'zero' }],
    ['no content', { contentWeight: 0 }],
    ['only relu2_1 and a raw convolution', { styleLayers: { relu2_1: 1, conv3_1: 2 } }],
  ])('%s lowers its loss', async (_name, options) => {
    const { trace, image } = await run({ ...one, ...options }, { lossEvery: 1 });
    const total = trace.series.total!;
    expect(total.at(-1)!).toBeLessThan(total[0]!);
    expect(image.data.every((value) => Number.isFinite(value))).toBe(true);
  });

  it('reconstructs the content where there is no style, from noise', async () => {
    const { trace } = await run({ ...one, init: 'noise', styleWeight: 0, iterations: 60 }, { lossEvery: 1 });
    const values = trace.series.content!;
    expect(values.at(-1)!).toBeLessThan(0.35 * values[0]!);
    expect(trace.series.style).toBeUndefined();
  });

  it('blends styles by weight: all weight on one is that one', async () => {
    const second = stylePicture(44, 44, 7);
    const alone = await run(one);
    const mixed = await run(
      one,
      {},
      {
        style: [
          { image: style, weight: 1 },
          { image: second, weight: 1e-12 },
        ],
      },
    );
    const half = await run(one, {}, { style: [{ image: style }, { image: contentPicture(44, 44) }] });
    const distance = (a: Float32Array, b: Float32Array) =>
      a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0);
    expect(distance(mixed.image.data, alone.image.data)).toBeLessThan(1e-3);
    expect(distance(half.image.data, alone.image.data)).toBeGreaterThan(1e-2);
  });

  it('masks let only their region take a style', async () => {
    const mask = rgbImage(48, 40);
    for (let p = 0; p < 48 * 40; p++) if (p % 48 < 24) mask.data.fill(1, 3 * p, 3 * p + 3);
    const styleMask = rgbImage(40, 44, new Float32Array(3 * 40 * 44).fill(1));
    // Only white has a style; a black region is left to the content loss.
    const result = await run(
      { ...one, iterations: 30, optimizer: 'lbfgs' },
      {},
      { style: [{ image: style, mask: styleMask }], contentMask: mask },
    );
    const change = (from: number, to: number) => {
      let sum = 0;
      for (let y = 0; y < 40; y++)
        for (let x = from; x < to; x++)
          for (let c = 0; c < 3; c++)
            sum += Math.abs(result.image.data[3 * (y * 48 + x) + c]! - content.data[3 * (y * 48 + x) + c]!);
      return sum;
    };
    expect(change(0, 18)).toBeGreaterThan(3 * change(30, 48));
    expect(Object.keys(result.trace.series).some((name) => name.startsWith('style:relu1_1@#ffffff'))).toBe(
      true,
    );
  });

  it('keeps the alpha channel and, when asked, the colours of the content', async () => {
    const alpha = new Float32Array(48 * 40).map((_, p) => (p % 48) / 47);
    const transparent = { content: rgbImage(48, 40, content.data, alpha) };
    const kept = await run({ ...one, color: 'keep' }, {}, transparent);
    expect(kept.image.alpha).toEqual(alpha);
    const grey = rgbImage(48, 40, new Float32Array(3 * 48 * 40).fill(0.5));
    const fromGrey = await run({ ...one, color: 'keep' }, {}, { content: grey });
    const chroma = fromGrey.image.data.reduce(
      (m, v, i) => Math.max(m, Math.abs(v - fromGrey.image.data[i - (i % 3)]!)),
      0,
    );
    expect(chroma).toBeLessThan(1e-5);
  });

  it.each([
    [{ styleMask: true }, 'a style mask needs a content mask'],
    [{ thin: true }, 'needs at least 16 pixels on each side'],
    [{ styles: [] }, 'give at least one style picture'],
    [{ weight: -1 }, 'weight of style 1 must be a positive number'],
  ])('%o is refused before any work', async (what, message) => {
    const more = {
      ...('styleMask' in what ? { style: [{ image: style, mask: style }] } : {}),
      ...('thin' in what ? { content: contentPicture(400, 17) } : {}),
      ...('styles' in what ? { style: [] } : {}),
      ...('weight' in what ? { style: [{ image: style, weight: -1 }] } : {}),
    };
    await expect(run(one, {}, more)).rejects.toThrow(InputError);
    await expect(run(one, {}, more)).rejects.toThrow(message as string);
  });
});
