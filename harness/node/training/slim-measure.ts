// What the whole VGG says of a result: how far it still is from the style, and how far from the content.
import { type RgbImage, rgbImage, toPlanar } from '../../../src/base/image.js';
import type { Device } from '../../../src/gpu/device.js';
import { TensorStore } from '../../../src/gpu/store.js';
import type { LoadedWeights } from '../../../src/nets/manifest.js';
import { Net } from '../../../src/nets/net.js';
import {
  activeTaps,
  type PartialStyleOptions,
  resolveOptions,
  type StyleOptions,
} from '../../../src/style/options.js';
import { computeTargets } from '../../../src/style/targets.js';
import { middleSquare } from './slim-crops.js';

/** Features and Gram matrices of a picture, by layer. */
export interface Seen {
  readonly content: ReadonlyMap<string, ArrayLike<number>>;
  readonly grams: ReadonlyMap<string, ArrayLike<number>>;
}

/** A result beside what it should be. */
export interface Distance {
  /** Mean over the style layers of |G - A|^2 / |A|^2. */
  readonly style: number;
  readonly byLayer: Readonly<Record<string, number>>;
  /** |F - P|^2 / |P|^2 at relu4_2. */
  readonly content: number;
}

/** Options of one run: content start, Adam, relative losses, as docs/training/vgg19-slim.md has them. */
export function runOptionsOf(size: number, steps: number, ratio: number): PartialStyleOptions {
  return {
    preset: 'paper',
    normalization: 'relative',
    size,
    iterations: steps,
    contentWeight: 1,
    styleWeight: ratio,
    tvWeight: 0,
  };
}

/** The middle square of a picture file at `side` px. InputError where it cannot be read. */
export async function squarePicture(path: string, side: number): Promise<RgbImage> {
  const bytes = await middleSquare(path, side);
  return rgbImage(
    side,
    side,
    Float32Array.from(bytes, (value) => value / 255),
  );
}

/** A picture as a file of 8 bits would keep it. */
export function inBytes(image: RgbImage): RgbImage {
  const { width, height, data } = image;
  return rgbImage(
    width,
    height,
    data.map((value) => Math.round(255 * Math.min(1, Math.max(0, value))) / 255),
  );
}

/** Owns a net that looks at pictures. */
export class Judge {
  private readonly store: TensorStore;
  private readonly net: Net;
  private readonly options: StyleOptions;

  constructor(device: Device, weights: LoadedWeights, size: number) {
    this.options = resolveOptions(runOptionsOf(size, 1, 1), weights);
    this.store = new TensorStore(device);
    this.net = new Net(this.store, weights, activeTaps(this.options));
  }

  async look(image: RgbImage): Promise<Seen> {
    const { width, height } = image;
    const planar = { values: toPlanar(image), width, height };
    const targets = await computeTargets(
      this.store,
      this.net,
      planar,
      [{ ...planar, share: 1 }],
      this.options,
    );
    this.store.releaseDerived();
    const style = [...targets.regions[0]!.style].flatMap(([layer, target]): [string, Float32Array][] =>
      target.kind === 'gram' ? [[layer, target.gram]] : [],
    );
    const content = [...targets.content].map(([layer, { values }]) => [layer, values] as const);
    return { content: new Map(content), grams: new Map(style) };
  }

  destroy(): void {
    this.net.destroy();
    this.store.destroy();
  }
}

/** How far `result` is from the style and from the content. */
export function distanceOf(result: Seen, style: Seen, content: Seen): Distance {
  const layers = [...style.grams].map(([layer, gram]): [string, number] => [
    layer,
    relativeError(result.grams.get(layer)!, gram),
  ]);
  const features = [...content.content].map(([layer, values]) =>
    relativeError(result.content.get(layer)!, values),
  );
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    style: mean(layers.map(([, value]) => value)),
    byLayer: Object.fromEntries(layers),
    content: mean(features),
  };
}

/** |a - b|^2 / |b|^2. */
function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [error, energy] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    error += (a[i]! - b[i]!) ** 2;
    energy += b[i]! ** 2;
  }
  return error / Math.max(energy, 1e-12);
}
