// A step over windows is the step of the whole picture: losses, gradient, updates.
import { beforeAll, describe, expect, it } from 'vitest';
import { findWeights } from '../../../harness/node/weights.js';
import { toPlanar } from '../../../src/base/image.js';
import { uniform } from '../../../src/base/random.js';
import { Device } from '../../../src/gpu/device.js';
import { TensorStore } from '../../../src/gpu/store.js';
import type { LoadedWeights } from '../../../src/nets/manifest.js';
import { Net } from '../../../src/nets/net.js';
import { nodePlatform } from '../../../src/platform/node.js';
import { openSession } from '../../../src/style/open.js';
import {
  activeTaps,
  type PartialStyleOptions,
  resolveOptions,
  type StyleOptions,
} from '../../../src/style/options.js';
import { type Region, splitRegions } from '../../../src/style/regions.js';
import { computeTargets, type Planar } from '../../../src/style/targets.js';
import { TiledSession } from '../../../src/style/tiles/session.js';
import { contentPicture, stylePicture } from '../shared.js';

let weights: LoadedWeights;
beforeAll(async () => {
  weights = await findWeights('vgg19-slim', { env: {} });
});

interface Reading {
  readonly windows: number;
  readonly exact: boolean;
  readonly losses: Readonly<Record<string, number>>;
  readonly gradient: Float32Array;
  /** After three steps. */
  readonly image: Float32Array;
}

interface Setting {
  readonly size: { readonly width: number; readonly height: number };
  readonly options: PartialStyleOptions;
  readonly regions?: boolean;
}

const planarOf = (image: ReturnType<typeof contentPicture>): Planar => ({
  width: image.width,
  height: image.height,
  values: toPlanar(image),
});

/** Halves of a mask, at the picture's own size. */
function halves(width: number, height: number): Region[] {
  const mask = contentPicture(width, height);
  for (let p = 0; p < width * height; p++) mask.data.fill(p % width < width / 2 ? 0 : 1, 3 * p, 3 * p + 3);
  return splitRegions(mask, 'mask');
}

/** Three steps of Adam on noise around the content, with `conv` forced for every convolution. */
async function read({ size, options, regions }: Setting, conv: string): Promise<Reading> {
  const platform = nodePlatform();
  const device = await Device.open(platform, { choices: { conv2d: { '*': conv } } });
  try {
    const store = new TensorStore(device);
    const o: StyleOptions = resolveOptions(
      { size: Math.max(size.width, size.height), averageDecay: 0, learningRate: 0.02, ...options },
      weights,
    );
    const net = new Net(store, weights, activeTaps(o));
    const content = planarOf(contentPicture(size.width, size.height));
    // Larger than the content on one axis and smaller on the other, and odd.
    const style = planarOf(stylePicture(size.width + 27, size.height - 5));
    const masked = (picture: Planar) =>
      regions ? { ...picture, regions: halves(picture.width, picture.height), maskSize: picture } : picture;
    const targets = await computeTargets(store, net, masked(content), [{ ...masked(style), share: 1 }], o);
    const session = await openSession(store, net, weights, size, targets, o);
    const start = content.values.map((value, i) => 0.8 * value + 0.2 * uniform(11, i));
    session.iterate.writeImage(store, start);
    await session.step(1);
    const losses = await session.losses();
    const m = (await session.iterate.readState(store)).get('m')!.values;
    await session.step(2);
    await session.step(3);
    const image = await session.iterate.readImage(store);
    const tiling = session instanceof TiledSession ? session.tiling : undefined;
    // Adam's first moment was zero: m = (1 - beta1) g.
    const gradient = m.map((value) => value / (1 - o.beta1));
    session.destroy();
    store.destroy();
    return {
      windows: tiling ? tiling.rows.count * tiling.columns.count : 1,
      exact: tiling?.exact ?? true,
      losses,
      gradient,
      image,
    };
  } finally {
    device.destroy();
    platform.dispose();
  }
}

const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** |a - b| / |b|. */
function distance(a: Float32Array, b: Float32Array): number {
  return norm(a.map((value, i) => value - b[i]!)) / norm(b);
}

function lossDistance(a: Reading, b: Reading): number {
  expect(Object.keys(a.losses)).toEqual(Object.keys(b.losses));
  return Math.max(...Object.entries(b.losses).map(([name, value]) => Math.abs(a.losses[name]! / value - 1)));
}

/**
 * All compute the same with other roundings, so that what they may differ by is what two roundings of the whole picture
 * differ by: that of convolutions summed directly and by Winograd's F(2x2), which is the more exact of the two.
 */
async function compare(setting: Setting) {
  const whole = await read({ ...setting, options: { ...setting.options, tile: 'off' } }, 'direct');
  const other = await read({ ...setting, options: { ...setting.options, tile: 'off' } }, 'winograd2');
  const tiled = await read(setting, 'direct');
  const of = (a: Reading) => ({
    losses: lossDistance(a, whole),
    gradient: distance(a.gradient, whole.gradient),
    image: distance(a.image, whole.image),
  });
  return { tiled, windows: of(tiled), rounding: of(other) };
}

const SHALLOW = {
  contentLayers: { relu2_2: 1 },
  styleLayers: { relu1_1: 0.5, relu2_1: 0.5, relu3_1: 0.5 },
} as const;

describe('windows with the exact overlap', { timeout: 120_000 }, () => {
  it.each<[string, number, Setting]>([
    ['odd sizes', 6, { size: { width: 96, height: 79 }, options: { ...SHALLOW, tile: 32 } }],
    [
      'zero padding, average pooling, the other losses',
      9,
      {
        size: { width: 107, height: 90 },
        options: { ...SHALLOW, tile: 28, preset: 'paper', pooling: 'average', tvForm: 'l1' },
      },
    ],
    ['regions', 6, { size: { width: 96, height: 80 }, options: { ...SHALLOW, tile: 32 }, regions: true }],
    ['all layers', 8, { size: { width: 275, height: 213 }, options: { tile: 32 } }],
    [
      'style alone, without smoothness',
      4,
      { size: { width: 80, height: 75 }, options: { ...SHALLOW, tile: 32, contentWeight: 0, tvWeight: 0 } },
    ],
    [
      'content alone',
      9,
      { size: { width: 96, height: 80 }, options: { ...SHALLOW, tile: 32, styleWeight: 0 } },
    ],
  ])('%s', async (_name, windows, setting) => {
    const result = await compare(setting);
    expect(result.tiled.windows).toBe(windows);
    expect(result.tiled.exact).toBe(true);
    for (const what of ['losses', 'gradient', 'image'] as const) {
      // A loss is one number: its scaling, weighting and summing up round a few times beside what its sums err by.
      const last = what === 'losses' ? 8 * 2 ** -24 : 0;
      expect(result.windows[what], what).toBeLessThanOrEqual(4 * result.rounding[what] + last);
    }
  });

  it('is not told from the whole by chance: less overlap is another gradient', async () => {
    const size = { width: 96, height: 79 };
    const { tiled, windows, rounding } = await compare({
      size,
      options: { ...SHALLOW, tile: 32, tileOverlap: 4 },
    });
    expect(tiled.exact).toBe(false);
    expect(windows.gradient).toBeGreaterThan(100 * rounding.gradient);
    // And yet it is nearly the same.
    expect(windows.gradient).toBeLessThan(0.1);
  });
});
