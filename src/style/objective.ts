// J = alpha*J_content + beta*J_style + gamma*TV on a tape, every layer's loss kept for the trace.
import { type Tensor, tensor } from '../base/tensor.js';
import type { PinStore } from '../gpu/store.js';
import type { Tape } from '../graph/tape.js';
import { weightedAddOp } from '../kernels/arithmetic.js';
import { channelMean } from '../kernels/channel-mean.js';
import { covariance } from '../kernels/covariance.js';
import { gram } from '../kernels/gram.js';
import { spatialScale } from '../kernels/spatial-scale.js';
import { squaredError } from '../kernels/squared-error.js';
import { totalVariation } from '../kernels/total-variation.js';
import { w2Covariance } from '../kernels/wasserstein.js';
import type { Net } from '../nets/net.js';
import { activeLayers, activeTaps, type StyleOptions } from './options.js';
import type { LayerRegion, StyleTarget } from './targets.js';

/** What G is compared with at one scale. */
export interface Targets {
  /** Features of the content picture by layer. */
  readonly content: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;
  /** Per region (one, the whole picture, without masks): statistics of the styles by layer. */
  readonly regions: readonly {
    readonly name: string;
    /** The region's guidance channel at each layer; undefined for the whole picture. */
    readonly guidance: ReadonlyMap<string, LayerRegion> | undefined;
    readonly style: ReadonlyMap<string, StyleTarget>;
  }[];
}

/** What was recorded: the scalar to differentiate and every loss by name. */
export interface Objective {
  readonly loss: Tensor;
  /** Scalars by series name: `content`, `style`, `tv`, `style:relu1_1`, … (unweighted except the sums). */
  readonly series: ReadonlyMap<string, Tensor>;
  /** Pinned tensors made here, to be released with the program. */
  readonly pinned: readonly Tensor[];
}

/** One content loss: at a layer, with its weight among the layers and its factor on the squared error. */
export interface ContentTerm {
  readonly layer: string;
  readonly weight: number;
  readonly target: { readonly shape: readonly number[]; readonly values: Float32Array };
  readonly scale: number;
}

/** One style loss: at a layer, of a region (`name` is then `relu3_1@#ff0000`) or of the whole picture. */
export interface StyleTerm {
  readonly name: string;
  readonly layer: string;
  readonly weight: number;
  readonly target: StyleTarget;
  readonly guidance: LayerRegion | undefined;
}

/** The content losses of a run at one scale. */
export function contentTerms(targets: Targets, o: StyleOptions): ContentTerm[] {
  return activeLayers(o.contentLayers, o.contentWeight).map(([layer, weight]) => {
    const target = targets.content.get(layer)!;
    return { layer, weight, target, scale: contentScale(o, target) };
  });
}

/** The style losses of a run at one scale: layers at which a region is too small have none. */
export function styleTerms(targets: Targets, o: StyleOptions): StyleTerm[] {
  return targets.regions.flatMap((region) =>
    activeLayers(o.styleLayers, o.styleWeight).flatMap(([layer, weight]) => {
      const target = region.style.get(layer);
      if (!target) return [];
      const guidance = region.guidance?.get(layer);
      if (region.guidance && !guidance) return [];
      const name = region.guidance ? `${layer}@${region.name}` : layer;
      return [{ name, layer, weight, target, guidance }];
    }),
  );
}

/** Records the whole objective of `image` [1,3,H,W] in 0..1. */
export function recordObjective(
  tape: Tape,
  store: PinStore,
  net: Net,
  image: Tensor,
  targets: Targets,
  o: StyleOptions,
): Objective {
  const pinned: Tensor[] = [];
  const constant = constantsIn(store, pinned);
  const series = new Map<string, Tensor>();
  const features = net.forward(tape, image, activeTaps(o), o);

  const contentLosses = contentTerms(targets, o).map(({ layer, weight, target, scale }) => {
    const inputs = {
      x: features.get(layer)!,
      target: constant(`target.${layer}`, target.shape, target.values),
    };
    const loss = tape.record(squaredError, `content:${layer}`, inputs, { scale });
    series.set(`content:${layer}`, loss);
    return [loss, weight] as const;
  });

  const styleLosses = styleTerms(targets, o).map((term) => {
    const { name, target, guidance } = term;
    const x = features.get(term.layer)!;
    const mask = guidance && constant(`guidance.${name}`, guidance.shape, guidance.values);
    const masked = mask ? tape.record(spatialScale, `guided:${name}`, { x, mask }, {}) : x;
    const loss =
      target.kind === 'gram'
        ? gramLoss(tape, constant, name, recordGram(tape, name, masked, guidance), target, o)
        : w2Loss(tape, constant, name, masked, target, o);
    series.set(`style:${name}`, loss);
    return [loss, term.weight] as const;
  });

  const loss = recordTotal(tape, series, image, contentLosses, styleLosses, o);
  return { loss, series, pinned };
}

/** Scalars with their weights in a sum. */
export type WeightedLosses = readonly (readonly [Tensor, number])[];

/**
 * Sums the losses: adds `content`, `style`, `tv` and `total` to the series, as far as they have a weight, and returns
 * the last.
 */
export function recordTotal(
  tape: Tape,
  series: Map<string, Tensor>,
  image: Tensor,
  contentLosses: WeightedLosses,
  styleLosses: WeightedLosses,
  o: StyleOptions,
): Tensor {
  const named = (name: string, terms: WeightedLosses) => {
    const sum = weightedSum(tape, name, terms);
    if (sum) series.set(name, sum);
    return sum;
  };
  const content = named('content', contentLosses);
  const style = named('style', styleLosses);
  const parts: [Tensor, number][] = [];
  if (content) parts.push([content, o.contentWeight]);
  if (style) parts.push([style, o.styleWeight]);
  if (o.tvWeight > 0) {
    const [, , h, w] = image.shape as unknown as [number, number, number, number];
    const tv = tape.record(totalVariation, 'tv', { x: image }, { form: o.tvForm, scale: tvScale(o, h, w) });
    series.set('tv', tv);
    parts.push([tv, o.tvWeight]);
  }
  return named('total', parts)!;
}

/** sum weight * term; undefined where there are none. */
export function weightedSum(tape: Tape, name: string, terms: WeightedLosses): Tensor | undefined {
  let total: Tensor | undefined;
  for (const [i, [term, weight]] of terms.entries()) {
    const where = `${name}.${i}`;
    total = total
      ? tape.record(weightedAddOp, where, { a: total, b: term }, { alpha: 1, beta: weight })
      : tape.record(weightedAddOp, where, { a: term }, { alpha: weight });
  }
  return total;
}

/** Pins constants in `store` and lists them in `pinned`; one name is one tensor. */
export function constantsIn(store: PinStore, pinned: Tensor[]): Constant {
  const known = new Map<string, Tensor>();
  return (name, shape, values) => {
    let t = known.get(name);
    if (!t) {
      t = store.pin(tensor(name, shape, { constant: true }), values);
      known.set(name, t);
      pinned.push(t);
    }
    return t;
  };
}

/** Makes a constant of the objective. */
export type Constant = (name: string, shape: readonly number[], values: ArrayLike<number>) => Tensor;

function recordGram(tape: Tape, name: string, x: Tensor, guidance: LayerRegion | undefined): Tensor {
  const [, c, h, w] = x.shape as unknown as [number, number, number, number];
  return tape.record(gram, `gram:${name}`, { x }, { scale: gramScale(c, guidance?.weight ?? h * w) });
}

/** The loss of a Gram matrix [C,C] that is divided as `gramScale` says. */
export function gramLoss(
  tape: Tape,
  constant: Constant,
  name: string,
  g: Tensor,
  target: Extract<StyleTarget, { kind: 'gram' }>,
  o: StyleOptions,
): Tensor {
  const scale = styleScale(o, g.shape[0]!, target.gram);
  return tape.record(
    squaredError,
    `style:${name}`,
    { x: g, target: constant(`gram.${name}`, g.shape, target.gram) },
    { scale },
  );
}

function w2Loss(
  tape: Tape,
  constant: Constant,
  name: string,
  x: Tensor,
  target: Extract<StyleTarget, { kind: 'w2' }>,
  o: StyleOptions,
): Tensor {
  const c = x.shape[1]!;
  const scale = o.normalization === 'relative' ? 1 / target.energy : 1 / c;
  const mean = tape.record(channelMean, `mean:${name}`, { x }, {});
  const cov = tape.record(covariance, `covariance:${name}`, { x }, {});
  const means = tape.record(
    squaredError,
    `style.mean:${name}`,
    { x: mean, target: constant(`mean.${name}`, [c], target.mean) },
    { scale },
  );
  const spread = tape.record(
    w2Covariance,
    `style.covariance:${name}`,
    { cov, targetRoot: constant(`root.${name}`, [c, c], target.root) },
    { scale },
  );
  return tape.record(weightedAddOp, `style:${name}`, { a: means, b: spread }, { alpha: 1, beta: 1 });
}

/** Gram matrices are kept divided by H*W*C (by the guidance's weight for a region), whatever the form. */
export function gramScale(channels: number, pixels: number): number {
  return 1 / (channels * pixels);
}

function contentScale(o: StyleOptions, target: { shape: readonly number[]; values: Float32Array }): number {
  const count = target.values.length;
  switch (o.normalization) {
    case 'paper':
      return 1 / (4 * count);
    case 'mean':
      return 1 / count;
    case 'relative':
      return 1 / sumOfSquares(target.values);
  }
}

/** Of squared differences of Gram/(HWC): 1/(2HWC)^2 of raw ones is 1/4 of these. */
function styleScale(o: StyleOptions, channels: number, target: Float32Array): number {
  switch (o.normalization) {
    case 'paper':
      return 1 / 4;
    case 'mean':
      return 1 / channels ** 2;
    case 'relative':
      return 1 / sumOfSquares(target);
  }
}

/**
 * `mean` follows neural-style, whose gradient is the sum of differences of pixels in 0..255; the others take the
 * mean over pixels and channels in 0..1.
 */
function tvScale(o: StyleOptions, height: number, width: number): number {
  if (o.normalization === 'mean') return o.tvForm === 'l2' ? 255 ** 2 / 2 : 255;
  return 1 / (3 * height * width);
}

function sumOfSquares(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  // A target of zeros (a black picture's dead channels) must not divide by zero.
  return Math.max(sum, 1e-12);
}
