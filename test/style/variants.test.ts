// Every option against a run without it: the loss falls, and the option does what it says.
import { beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/base/errors.js';
import { type RgbImage, rgbImage } from '../../src/base/image.js';
import { colorMoments } from '../../src/style/color.js';
import type { PartialStyleOptions } from '../../src/style/options.js';
import type { StylizeResult } from '../../src/style/stylize.js';
import { content, contentPicture, style, stylePicture, useRuns } from './shared.js';

const { run } = useRuns();

describe('variants', () => {
  const one = { size: 48, firstSize: 48, iterations: 8 } as const;

  /** The picture that a run starts from: one step that moves no pixel by a thousandth of a grey level. */
  const start = async (options: PartialStyleOptions) =>
    (await run({ ...one, ...options, iterations: 1, learningRate: 1e-6, averageDecay: 0 })).image;
  const variation = (image: RgbImage) => {
    const { width, data } = image;
    const row = 3 * width;
    let sum = 0;
    for (let at = 0; at < data.length; at++) {
      if (at % row < row - 3) sum += (data[at + 3]! - data[at]!) ** 2;
      if (at + row < data.length) sum += (data[at + row]! - data[at]!) ** 2;
    }
    return sum;
  };
  const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0);

  let plain: StylizeResult;
  let first: RgbImage;
  beforeAll(async () => {
    plain = await run(one, { lossEvery: 1 });
    first = await start({});
  });

  /** Options, and what they are known to do beside the run without them. */
  const variants: [string, PartialStyleOptions, ((result: StylizeResult) => void | Promise<void>)?][] = [
    ['paper', { preset: 'paper' }],
    [
      'gatys (L-BFGS, mean)',
      { preset: 'gatys' },
      ({ checkpoint }) => {
        expect([...checkpoint.state.keys()].some((name) => name.includes('lbfgs'))).toBe(true);
      },
    ],
    [
      'W2 loss',
      { styleLoss: 'w2' },
      // Other statistics: the same pictures are another distance apart.
      ({ trace }) => expect(trace.series.style![0]).not.toBeCloseTo(plain.trace.series.style![0]!, 3),
    ],
    ['average pooling', { pooling: 'average', poolingScale: 2 }],
    ['TV l1', { tvWeight: 1, tvForm: 'l1' }],
    [
      'TV l2',
      { tvWeight: 1000, tvForm: 'l2' },
      ({ image }) => expect(variation(image)).toBeLessThan(0.8 * variation(plain.image)),
    ],
    [
      'init noise',
      { init: 'noise' },
      // Neighbours in noise differ much more than in a picture.
      async () => expect(variation(await start({ init: 'noise' }))).toBeGreaterThan(5 * variation(first)),
    ],
    [
      'init style',
      { init: 'style' },
      async () => {
        const { mean } = colorMoments(await start({ init: 'style' }));
        // 1920 samples of deviation 0.3: the mean errs by 0.007, and clamping draws it towards grey.
        expect(farthest(mean, colorMoments(style).mean)).toBeLessThan(0.05);
        expect(farthest(mean, colorMoments(first).mean)).toBeGreaterThan(0.1);
      },
    ],
    [
      'init content with noise',
      { initNoise: 0.3 },
      async () => {
        const noisy = await start({ initNoise: 0.3 });
        expect(farthest(first.data, content.data)).toBeLessThan(1e-3);
        expect(farthest(noisy.data, content.data)).toBeGreaterThan(0.1);
      },
    ],
    ['style scale', { styleScale: 2 }],
    ['zero padding', { padding: 'zero' }],
    [
      'no content',
      { contentWeight: 0 },
      ({ trace }) => {
        expect(trace.series.content).toBeUndefined();
        expect(trace.series.style!.at(-1)!).toBeLessThan(plain.trace.series.style!.at(-1)!);
      },
    ],
    [
      'only relu2_1 and a raw convolution',
      { styleLayers: { relu2_1: 1, conv3_1: 2 } },
      ({ trace }) => {
        const layers = Object.keys(trace.series).filter((name) => name.startsWith('style:'));
        expect(layers.sort()).toEqual(['style:conv3_1', 'style:relu2_1']);
      },
    ],
  ];

  it.each(variants)('%s lowers its loss and does what it says', async (_name, options, effect) => {
    const result = await run({ ...one, ...options }, { lossEvery: 1 });
    const total = result.trace.series.total!;
    expect(total.at(-1)!).toBeLessThan(total[0]!);
    expect(result.image.data.every((value) => Number.isFinite(value))).toBe(true);
    // Of the same seed: an option that nobody reads would give the same picture.
    expect(farthest(result.image.data, plain.image.data)).toBeGreaterThan(1e-3);
    await effect?.(result);
  });

  it('quality is what a run without a preset is', async () => {
    const total = plain.trace.series.total!;
    expect(total.at(-1)!).toBeLessThan(total[0]!);
    expect((await run({ ...one, preset: 'quality' })).image.data).toEqual(plain.image.data);
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
    expect(farthest(mixed.image.data, alone.image.data)).toBeLessThan(1e-3);
    expect(farthest(half.image.data, alone.image.data)).toBeGreaterThan(1e-2);
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
