// Everything that can be chosen about a run, its presets, and the one place that checks it.
import { InputError } from '../base/errors.js';
import type { LoadedWeights } from '../nets/manifest.js';
import { VGG_NETS, vggPrefix } from '../nets/vgg.js';

/**
 * How losses are scaled (docs/style.md has the formulas):
 * - `paper`: content 1/(4HWC) sum (a_C-a_G)^2, style 1/(2HWC)^2 sum (G_S-G_G)^2 (Gatys et al. 2016, eq. 1-5);
 * - `mean`: mean squared error of features and of Gram/(CHW), as in Johnson's neural-style;
 * - `relative`: squared error over the target's own sum of squares, so that weights mean the same for every net.
 */
export type Normalization = 'paper' | 'mean' | 'relative';

export interface StyleOptions {
  /** Long side of the result in pixels. */
  readonly size: number;
  /** Long side of the first scale; scales grow by sqrt(2) up to `size`. At least `size`: one scale. */
  readonly firstSize: number;
  /** Optimisation steps over all scales. */
  readonly iterations: number;
  readonly optimizer: 'adam' | 'lbfgs';
  /** Of pixels in [0,1]. */
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** Added to the root of the second moment. */
  readonly epsilon: number;
  /** Decay of the average of iterates that is the result; 0 takes the last iterate. */
  readonly averageDecay: number;
  /** L-BFGS: pairs that are remembered. */
  readonly history: number;
  readonly contentWeight: number;
  readonly styleWeight: number;
  readonly tvWeight: number;
  readonly tvForm: 'l1' | 'l2';
  /** Weight by layer; they are used as given. */
  readonly contentLayers: Readonly<Record<string, number>>;
  readonly styleLayers: Readonly<Record<string, number>>;
  readonly styleLoss: 'gram' | 'w2';
  readonly normalization: Normalization;
  /** Long side of the style pictures over that of the result. */
  readonly styleScale: number;
  readonly init: 'content' | 'noise' | 'style' | 'image';
  /** Share of noise mixed into the initial picture, 0..1. */
  readonly initNoise: number;
  readonly pooling: 'max' | 'average';
  readonly poolingScale: number;
  readonly padding: 'zero' | 'replicate';
  readonly color: 'style' | 'keep' | 'match-histogram' | 'match-moments';
  readonly seed: number;
}

const STYLE_LAYERS = ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'];
const equalWeights = (weight: number) => Object.fromEntries(STYLE_LAYERS.map((layer) => [layer, weight]));

const COMMON = {
  size: 512,
  beta1: 0.9,
  history: 10,
  tvForm: 'l2',
  contentLayers: { relu4_2: 1 },
  styleLayers: equalWeights(1 / STYLE_LAYERS.length),
  styleLoss: 'gram',
  styleScale: 1,
  initNoise: 0,
  poolingScale: 1,
  color: 'style',
  seed: 0,
} as const;

/** Weights by preset come from the net's manifest, the rest from here. */
export const PRESETS = {
  /** The formulas of the paper on one scale, with Adam. */
  paper: {
    ...COMMON,
    firstSize: Number.POSITIVE_INFINITY,
    iterations: 500,
    optimizer: 'adam',
    learningRate: 0.02,
    beta2: 0.999,
    epsilon: 1e-8,
    averageDecay: 0,
    normalization: 'paper',
    init: 'content',
    pooling: 'max',
    padding: 'zero',
  },
  /** The numbers of Johnson's neural-style, for comparison: mean squared errors, L-BFGS, one scale. */
  gatys: {
    ...COMMON,
    firstSize: Number.POSITIVE_INFINITY,
    iterations: 1000,
    optimizer: 'lbfgs',
    learningRate: 1,
    beta2: 0.999,
    epsilon: 1e-8,
    averageDecay: 0,
    normalization: 'mean',
    styleLayers: equalWeights(1),
    init: 'content',
    pooling: 'max',
    padding: 'zero',
  },
  /** Several scales, averaged iterates, replicated edges: Crowson's recipe on relative losses. */
  quality: {
    ...COMMON,
    firstSize: 128,
    iterations: 0,
    optimizer: 'adam',
    learningRate: 0.02,
    beta2: 0.99,
    epsilon: 1e-8,
    averageDecay: 0.99,
    normalization: 'relative',
    init: 'content',
    pooling: 'max',
    padding: 'replicate',
  },
} as const satisfies Record<string, Omit<StyleOptions, 'contentWeight' | 'styleWeight' | 'tvWeight'>>;

export type Preset = keyof typeof PRESETS;
export const PRESET_NAMES = Object.keys(PRESETS) as Preset[];

/** Steps of the first scale and of each later one, where `iterations` is not given. */
const FIRST_STEPS = 1000;
const LATER_STEPS = 500;

/** What a caller may give; what is missing comes from the preset and the net's manifest. */
export type PartialStyleOptions = { readonly preset?: Preset } & {
  readonly [K in keyof StyleOptions]?: StyleOptions[K] | undefined;
};

/** Completes and checks options for a net; InputError says which one breaks which rule. */
export function resolveOptions(
  given: PartialStyleOptions,
  weights: Pick<LoadedWeights, 'manifest' | 'convention'>,
): StyleOptions {
  const { manifest, convention } = weights;
  const presetName = given.preset ?? 'quality';
  const preset = PRESETS[presetName];
  if (!preset)
    throw new InputError(`there is no preset ${presetName}; choose one of ${PRESET_NAMES.join(', ')}`);
  // Files of Caffe's convention see pixels in 0..255, and their features are as much larger.
  const defaults = (convention.range === 255 && manifest.defaultsCaffe) || manifest.defaults;
  const defined = Object.fromEntries(
    Object.entries(given).filter(([key, value]) => key !== 'preset' && value !== undefined),
  );
  const merged = { ...preset, ...defaults[presetName], ...defined } as StyleOptions;
  const options: StyleOptions = {
    ...merged,
    firstSize: Math.min(merged.firstSize, merged.size),
    // Adam's step of 0.02 suits it; L-BFGS takes whole steps unless told otherwise.
    learningRate: given.learningRate ?? (merged.optimizer === 'lbfgs' ? 1 : preset.learningRate),
    averageDecay: merged.optimizer === 'lbfgs' ? 0 : merged.averageDecay,
  };
  checkOptions(options, manifest.net);
  const iterations = options.iterations || FIRST_STEPS + LATER_STEPS * (scaleSizes(options).length - 1);
  return { ...options, iterations };
}

function checkOptions(o: StyleOptions, net: string): void {
  if (!VGG_NETS.includes(net))
    throw new InputError(`${net} cannot be used for style transfer; choose one of ${VGG_NETS.join(', ')}`);
  integer('size', o.size, 16, 16384);
  integer('first size', o.firstSize, 16, o.size);
  integer('iterations', o.iterations, 0, 1_000_000);
  integer('seed', o.seed, 0, 0xffffffff);
  integer('history', o.history, 1, 50);
  for (const [name, value] of [
    ['content weight', o.contentWeight],
    ['style weight', o.styleWeight],
    ['TV weight', o.tvWeight],
  ] as const) {
    between(name, value, 0, 1e12);
  }
  if (o.contentWeight === 0 && o.styleWeight === 0)
    throw new InputError('content weight and style weight are both 0: there is nothing to optimise');
  between('learning rate', o.learningRate, 1e-6, 100);
  between('beta1', o.beta1, 0, 0.9999);
  between('beta2', o.beta2, 0, 0.999999);
  between('epsilon', o.epsilon, 1e-16, 1);
  between('average decay', o.averageDecay, 0, 0.9999);
  between('style scale', o.styleScale, 0.05, 10);
  between('init noise', o.initNoise, 0, 1);
  between('pooling scale', o.poolingScale, 0.01, 100);
  layers('content layers', o.contentLayers, net);
  layers('style layers', o.styleLayers, net);
  member('optimizer', o.optimizer, ['adam', 'lbfgs']);
  member('TV form', o.tvForm, ['l1', 'l2']);
  member('style loss', o.styleLoss, ['gram', 'w2']);
  member('normalization', o.normalization, ['paper', 'mean', 'relative']);
  member('init', o.init, ['content', 'noise', 'style', 'image']);
  member('pooling', o.pooling, ['max', 'average']);
  member('padding', o.padding, ['zero', 'replicate']);
  member('color', o.color, ['style', 'keep', 'match-histogram', 'match-moments']);
}

function integer(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new InputError(`${name} must be a whole number in ${low}..${high}, got ${value}`);
  }
}

function between(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high))
    throw new InputError(`${name} must be a number in ${low}..${high}, got ${value}`);
}

function member(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    throw new InputError(`${name} must be one of ${allowed.join(', ')}, got ${value}`);
}

function layers(name: string, weights: Readonly<Record<string, number>>, net: string): void {
  if (Object.keys(weights).length === 0) throw new InputError(`${name}: name at least one layer`);
  vggPrefix(net, Object.keys(weights));
  for (const [layer, weight] of Object.entries(weights))
    between(`${name}: weight of ${layer}`, weight, 0, 1e12);
}

/** Long sides from `firstSize` to `size` in steps of sqrt(2), counted down from the last (Crowson). */
export function scaleSizes(o: Pick<StyleOptions, 'size' | 'firstSize'>): number[] {
  const sizes = [o.size];
  for (let k = 1; ; k++) {
    const side = Math.round(o.size / Math.SQRT2 ** k);
    if (side < o.firstSize) return sizes;
    sizes.unshift(side);
  }
}

/** Steps per scale: the first scale has twice the share of a later one. */
export function scaleSteps(iterations: number, scales: number): number[] {
  const later = Math.floor(iterations / (scales + 1));
  return Array.from({ length: scales }, (_, i) => (i === 0 ? iterations - later * (scales - 1) : later));
}

/** Height and width for a long side, the aspect ratio kept. */
export function fitLongSide(
  width: number,
  height: number,
  longSide: number,
): { width: number; height: number } {
  const factor = longSide / Math.max(width, height);
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}
