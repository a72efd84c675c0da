// What the result is compared with: content features and style statistics, computed once per scale.
import { InputError } from '../base/errors.js';
import { symmetricSqrt } from '../base/linalg.js';
import { type Tensor, tensor } from '../base/tensor.js';
import type { TensorStore } from '../gpu/store.js';
import { Program } from '../graph/program.js';
import { Tape } from '../graph/tape.js';
import { channelMean } from '../kernels/channel-mean.js';
import { covariance } from '../kernels/covariance.js';
import { gram } from '../kernels/gram.js';
import { spatialScale } from '../kernels/spatial-scale.js';
import type { Net } from '../nets/net.js';
import { gramScale, type Targets } from './objective.js';
import { activeLayers, type StyleOptions } from './options.js';
import { matchRegion, type Region } from './regions.js';
import { resample } from './resample.js';
import { type Measured, tiledFeatures, tiledGrams } from './tiles/measure.js';
import { layerExtents, type Tiling } from './tiles/partition.js';
import { planMeasure } from './tiles/plan.js';

/** A picture at the size of one scale, planar [1,3,height,width] in 0..1. */
export interface Planar {
  readonly values: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** A style at one scale, with its share and the regions of its mask. */
export interface ScaledStyle extends Planar {
  readonly share: number;
  readonly regions?: readonly Region[] | undefined;
  readonly maskSize?: { readonly height: number; readonly width: number } | undefined;
}

/** A guidance channel at a layer's resolution; `weight` is the sum of its squares, its number of pixels. */
export interface LayerRegion {
  readonly shape: readonly [1, 1, number, number];
  readonly values: Float32Array;
  readonly weight: number;
}

/** Statistics of the styles at one layer; Gram matrices are divided by the pixels and channels. */
export type StyleTarget =
  | { readonly kind: 'gram'; readonly gram: Float32Array }
  | {
      readonly kind: 'w2';
      readonly mean: Float32Array;
      /** Symmetric root of the covariance [C,C]. */
      readonly root: Float32Array;
      /** |mean|^2 + trace of the covariance: the scale of the loss. */
      readonly energy: number;
    };

interface Raw {
  readonly channels: number;
  readonly gram?: Float32Array;
  readonly mean?: Float32Array;
  readonly covariance?: Float32Array;
}

/** Computes all targets of one scale. */
export async function computeTargets(
  store: TensorStore,
  net: Net,
  content: Planar & {
    readonly regions?: readonly Region[] | undefined;
    readonly maskSize?: { height: number; width: number } | undefined;
  },
  styles: readonly ScaledStyle[],
  o: StyleOptions,
): Promise<Targets> {
  const contentLayers = activeLayers(o.contentLayers, o.contentWeight).map(([layer]) => layer);
  const styleLayers = activeLayers(o.styleLayers, o.styleWeight).map(([layer]) => layer);
  const contentTargets = contentLayers.length > 0 ? await contentFeatures(store, net, content, o) : new Map();
  if (styleLayers.length === 0) return { content: contentTargets, regions: [] };

  if (!content.regions) {
    const style = await blend(
      store,
      net,
      styles.map((s) => ({ style: s, region: undefined })),
      styleLayers,
      o,
    );
    return { content: contentTargets, regions: [{ name: 'all', guidance: undefined, style }] };
  }

  const sizes = layerSizes(net, content, styleLayers);
  const regions: Targets['regions'][number][] = [];
  let found = false;
  for (const region of content.regions) {
    const sources = styles
      .map((style) => ({
        style,
        region: style.regions ? matchRegion(region.name, style.regions) : undefined,
      }))
      .filter(({ style, region: own }) => own || !style.regions);
    if (sources.length === 0) continue;
    const guidance = await guidanceAt(store, region, content.maskSize!, sizes);
    const style = await blend(store, net, sources, styleLayers, o);
    found = true;
    // Compared only where the region is seen on both sides.
    if ([...style.keys()].some((layer) => guidance.has(layer)))
      regions.push({ name: region.name, guidance, style });
  }
  if (found && regions.length === 0) {
    throw new InputError(
      `at ${content.width}x${content.height} no region is as large as one pixel of ${styleLayers.join(', ')}: ` +
        'choose a larger size (or first size), or shallower style layers',
    );
  }
  if (regions.length === 0) {
    throw new InputError('no colour of the content mask occurs in any style mask: no region has a style');
  }
  return { content: contentTargets, regions };
}

/** Spatial extents of the taps for a picture. */
function layerSizes(net: Net, picture: Planar, layers: string[]) {
  return new Map(layers.map((layer) => [layer, layerExtents(net.name, layer, picture)]));
}

/** The content picture's features, in windows where it must be. */
async function contentFeatures(
  store: TensorStore,
  net: Net,
  content: Planar,
  o: StyleOptions,
): Promise<Map<string, Measured>> {
  const layers = activeLayers(o.contentLayers, o.contentWeight).map(([layer]) => layer);
  const { tiling } = planMeasure(store.target, net, content, 'features', o);
  return tiling
    ? tiledFeatures(store, net, content, tiling, layers, o)
    : withFeatures(store, net, content, layers, o, (_tape, features) => features);
}

/** Runs the net on a picture and reads what `record` makes of its taps, by the same keys. */
async function withFeatures(
  store: TensorStore,
  net: Net,
  picture: Planar,
  layers: string[],
  o: StyleOptions,
  record: (tape: Tape, features: Map<string, Tensor>) => Map<string, Tensor>,
): Promise<Map<string, Measured>> {
  const image = store.pin(
    tensor('picture', [1, 3, picture.height, picture.width], { lifetime: 'pinned' }),
    picture.values,
  );
  try {
    const tape = new Tape(store.target);
    const results = record(tape, net.forward(tape, image, layers, o));
    const program = await Program.compile(store, tape.dispatches, {
      label: 'targets',
      keep: [...results.values()],
    });
    try {
      program.run();
      const out = new Map<string, Measured>();
      for (const [key, t] of results) out.set(key, { shape: t.shape, values: await program.read(t) });
      return out;
    } finally {
      program.destroy();
    }
  } finally {
    store.release(image);
  }
}

/**
 * Share-weighted average of the statistics of several styles. For Gram matrices that is where the weighted sum of
 * the styles' own losses is least.
 */
async function blend(
  store: TensorStore,
  net: Net,
  sources: readonly { style: ScaledStyle; region: Region | undefined }[],
  layers: string[],
  o: StyleOptions,
): Promise<Map<string, StyleTarget>> {
  // By layer: a style whose region is too small for a layer has no part in it there.
  const totals = new Map<string, number>();
  const mixed = new Map<string, Raw>();
  for (const { style, region } of sources) {
    const { share } = style;
    for (const [layer, raw] of await styleStatistics(store, net, style, region, layers, o)) {
      const before = mixed.get(layer);
      totals.set(layer, (totals.get(layer) ?? 0) + share);
      mixed.set(layer, {
        channels: raw.channels,
        ...accumulate('gram', before, raw, share),
        ...accumulate('mean', before, raw, share),
        ...accumulate('covariance', before, raw, share),
      });
    }
  }
  return new Map([...mixed].map(([layer, raw]) => [layer, finish(raw, totals.get(layer)!)]));
}

function accumulate<K extends 'gram' | 'mean' | 'covariance'>(
  key: K,
  before: Raw | undefined,
  raw: Raw,
  share: number,
) {
  const values = raw[key];
  if (!values) return {};
  const base = before?.[key];
  return { [key]: values.map((value, i) => (base?.[i] ?? 0) + share * value) };
}

/** Sums weighted by shares -> averages. */
function finish(raw: Raw, total: number): StyleTarget {
  const average = (values: Float32Array) => values.map((value) => value / total);
  if (raw.gram) return { kind: 'gram', gram: average(raw.gram) };
  const mean = average(raw.mean!);
  const cov = average(raw.covariance!);
  let energy = mean.reduce((sum, value) => sum + value * value, 0);
  for (let i = 0; i < raw.channels; i++) energy += cov[i * raw.channels + i]!;
  const root = Float32Array.from(symmetricSqrt(Float64Array.from(cov), raw.channels));
  // Features of a black picture may all be 0.
  return { kind: 'w2', mean, root, energy: Math.max(energy, 1e-12) };
}

async function styleStatistics(
  store: TensorStore,
  net: Net,
  style: ScaledStyle,
  region: Region | undefined,
  layers: string[],
  o: StyleOptions,
): Promise<Map<string, Raw>> {
  const guidance = region
    ? await guidanceAt(store, region, style.maskSize!, layerSizes(net, style, layers))
    : undefined;
  if (o.styleLoss === 'gram') {
    const { tiling } = planMeasure(store.target, net, style, 'grams', o);
    if (tiling) return tiledStatistics(store, net, style, tiling, guidance, layers, o);
  }
  const pinned: Tensor[] = [];
  try {
    const values = await withFeatures(store, net, style, layers, o, (tape, features) => {
      const out = new Map<string, Tensor>();
      for (const [layer, feature] of features) {
        const [, c, h, w] = feature.shape as unknown as [number, number, number, number];
        if (o.styleLoss === 'w2') {
          out.set(`${layer}|mean`, tape.record(channelMean, `mean:${layer}`, { x: feature }, {}));
          out.set(`${layer}|covariance`, tape.record(covariance, `covariance:${layer}`, { x: feature }, {}));
          continue;
        }
        let x = feature;
        let pixels = h * w;
        if (guidance) {
          const at = guidance.get(layer);
          if (!at) continue;
          const mask = store.pin(tensor(`guidance.${layer}`, at.shape, { constant: true }), at.values);
          pinned.push(mask);
          x = tape.record(spatialScale, `guided:${layer}`, { x: feature, mask }, {});
          pixels = at.weight;
        }
        out.set(`${layer}|gram`, tape.record(gram, `gram:${layer}`, { x }, { scale: gramScale(c, pixels) }));
      }
      return out;
    });
    const raws = new Map<string, Raw>();
    for (const [key, { shape, values: data }] of values) {
      const [layer, kind] = key.split('|') as [string, 'gram' | 'mean' | 'covariance'];
      raws.set(layer, { ...raws.get(layer), channels: shape[0]!, [kind]: data });
    }
    return raws;
  } finally {
    for (const t of pinned) store.release(t);
  }
}

async function tiledStatistics(
  store: TensorStore,
  net: Net,
  style: ScaledStyle,
  tiling: Tiling,
  guidance: ReadonlyMap<string, LayerRegion> | undefined,
  layers: string[],
  o: StyleOptions,
): Promise<Map<string, Raw>> {
  const terms = layers
    .filter((layer) => !guidance || guidance.has(layer))
    .map((layer) => ({ name: layer, layer, guidance: guidance?.get(layer) }));
  if (terms.length === 0) return new Map();
  const grams = await tiledGrams(store, net, style, tiling, terms, o);
  return new Map(
    [...grams].map(([layer, { shape, values }]) => [layer, { channels: shape[0]!, gram: values }]),
  );
}

/** A region's coverage at each layer's resolution; layers where less than one pixel is left are dropped. */
async function guidanceAt(
  store: TensorStore,
  region: Region,
  size: { height: number; width: number },
  layers: ReadonlyMap<string, { height: number; width: number }>,
): Promise<Map<string, LayerRegion>> {
  const out = new Map<string, LayerRegion>();
  for (const [layer, { height, width }] of layers) {
    const values = await resample(store, region.coverage, [1, 1, size.height, size.width], height, width);
    const weight = values.reduce((sum, value) => sum + value * value, 0);
    if (weight >= 1) out.set(layer, { shape: [1, 1, height, width], values, weight });
  }
  return out;
}
