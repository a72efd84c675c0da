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

/** All options of style transfer, as they are after a preset and what was given over it. */
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
  /**
   * Tiles in which pictures are computed that do not fit the adapter in one piece: `auto` takes the fewest, a number is
   * the side of a tile in pixels, without its overlap, `off` refuses such pictures.
   */
  readonly tile: 'auto' | 'off' | number;
  /** Pixels around a tile: `exact` for the whole picture's gradient, a number below that for an approximation. */
  readonly tileOverlap: 'exact' | number;
  /** MiB of GPU memory that a step may take; `auto`: 4096 on software adapters, 8192 on others. */
  readonly memory: 'auto' | number;
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
  tile: 'auto',
  tileOverlap: 'exact',
  memory: 'auto',
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
    iterations: undefined,
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
} as const satisfies Record<
  string,
  Omit<StyleOptions, 'contentWeight' | 'styleWeight' | 'tvWeight' | 'iterations'> & {
    iterations: number | undefined;
  }
>;

/** A named set of options. */
export type Preset = keyof typeof PRESETS;
/** All presets of style transfer. */
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
  if (merged.optimizer === 'lbfgs' && given.averageDecay) {
    throw new InputError(
      'an average of iterates is kept with adam alone; leave the average decay out with lbfgs',
    );
  }
  if (merged.optimizer === 'adam' && given.history !== undefined) {
    throw new InputError('a history is kept with lbfgs alone; leave it out with adam');
  }
  const ownOptimizer = merged.optimizer === preset.optimizer;
  const options = {
    ...merged,
    firstSize: Math.min(merged.firstSize, merged.size),
    // A rate suits one optimiser: Adam's moves a pixel so far at most, L-BFGS takes such a share of its step.
    learningRate:
      given.learningRate ?? (ownOptimizer ? preset.learningRate : LEARNING_RATES[merged.optimizer]),
    averageDecay: merged.optimizer === 'lbfgs' ? 0 : merged.averageDecay,
    iterations: merged.iterations ?? automaticSteps(merged),
  };
  checkOptions(options, manifest.net);
  return options;
}

const LEARNING_RATES = { adam: 0.02, lbfgs: 1 } as const;

/** Crowson's 1000 steps for the first scale and 500 for each later one. */
function automaticSteps(o: StyleOptions): number {
  // Sizes that make no sense are told by checkOptions.
  const sane = Number.isFinite(o.size) && o.size >= 1 && o.firstSize >= 1;
  return sane ? FIRST_STEPS + LATER_STEPS * (scaleSizes(o).length - 1) : FIRST_STEPS;
}

/** Layers with a weight above 0, of a loss with a weight above 0. */
export function activeLayers(
  layers: Readonly<Record<string, number>>,
  lossWeight: number,
): [string, number][] {
  return lossWeight > 0 ? Object.entries(layers).filter(([, weight]) => weight > 0) : [];
}

/** Content and style layers that a run reads, each once. */
export function activeTaps(
  o: Pick<StyleOptions, 'contentLayers' | 'contentWeight' | 'styleLayers' | 'styleWeight'>,
): string[] {
  const active = [
    ...activeLayers(o.contentLayers, o.contentWeight),
    ...activeLayers(o.styleLayers, o.styleWeight),
  ];
  return [...new Set(active.map(([layer]) => layer))];
}

/** Throws InputError for the first option that breaks its rule. */
export function checkOptions(o: StyleOptions, net: string): void {
  if (!VGG_NETS.includes(net))
    throw new InputError(`${net} cannot be used for style transfer; choose one of ${VGG_NETS.join(', ')}`);
  integer('size', o.size, 16, 16384);
  integer('first size', o.firstSize, 16, o.size);
  integer('iterations', o.iterations, 1, 1_000_000);
  integer('seed', o.seed, 0, 0xffffffff);
  integer('history', o.history, 1, 50);
  for (const [name, value] of [
    ['content weight', o.contentWeight],
    ['style weight', o.styleWeight],
    ['TV weight', o.tvWeight],
  ] as const) {
    between(name, value, 0, 1e12);
  }
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
  if (activeTaps(o).length === 0) {
    throw new InputError('every content and style layer has weight 0: there is nothing to optimise');
  }
  member('optimizer', o.optimizer, ['adam', 'lbfgs']);
  member('TV form', o.tvForm, ['l1', 'l2']);
  member('style loss', o.styleLoss, ['gram', 'w2']);
  member('normalization', o.normalization, ['paper', 'mean', 'relative']);
  member('init', o.init, ['content', 'noise', 'style', 'image']);
  member('pooling', o.pooling, ['max', 'average']);
  member('padding', o.padding, ['zero', 'replicate']);
  if (o.tile !== 'auto' && o.tile !== 'off') integer('tile', o.tile, 16, 16384);
  if (o.tileOverlap !== 'exact') integer('tile overlap', o.tileOverlap, 0, 4096);
  if (o.memory !== 'auto') integer('memory', o.memory, 64, 2 ** 20);
  if (typeof o.tile === 'number' && o.styleLoss === 'w2') {
    throw new InputError(
      'tiles need the style loss gram; w2 has none: its means and covariances are of one piece',
    );
  }
  member('color', o.color, ['style', 'keep', 'match-histogram', 'match-moments']);
}

function integer(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new InputError(`${name} must be a whole number in ${low}..${high}, got ${value}`, {
      fact: { code: 'whole-range', values: { name, low, high, value } },
    });
  }
}

function between(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high))
    throw new InputError(`${name} must be a number in ${low}..${high}, got ${value}`, {
      fact: { code: 'number-range', values: { name, low, high, value } },
    });
}

function member(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    throw new InputError(`${name} must be one of ${allowed.join(', ')}, got ${value}`, {
      fact: { code: 'one-of', values: { name, allowed: allowed.join(', '), value } },
    });
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
