// What `facet stylize` is given, as commander hands it over.
import type { Precision } from '../../src/gpu/kernel.js';
import type { ConventionName } from '../../src/nets/manifest.js';
import type { PartialStyleOptions } from '../../src/style/options.js';

/** Options of the run itself; a checkpoint holds them, so that --resume takes none of them. */
export const STYLE_OPTIONS = [
  'preset',
  'size',
  'firstSize',
  'iterations',
  'optimizer',
  'learningRate',
  'beta1',
  'beta2',
  'epsilon',
  'averageDecay',
  'history',
  'contentWeight',
  'styleWeight',
  'tvWeight',
  'tvForm',
  'contentLayers',
  'styleLayers',
  'styleLoss',
  'normalization',
  'styleScale',
  'init',
  'initNoise',
  'pooling',
  'poolingScale',
  'padding',
  'color',
  'seed',
  'tile',
  'tileOverlap',
  'memory',
] as const satisfies readonly (keyof PartialStyleOptions)[];

/** What a checkpoint holds: the options of the run, and how its ops are computed. */
export const CHECKPOINT_OPTIONS: readonly string[] = [...STYLE_OPTIONS, 'tuning', 'precision'];

/** Arguments and options of `facet stylize`. */
export interface StylizeArguments extends Omit<PartialStyleOptions, 'init'> {
  readonly content: string;
  readonly styles: readonly string[];
  readonly output: string;
  readonly net: string;
  readonly weights?: string;
  readonly inputConvention?: ConventionName;
  /** A word, or the path of a picture. */
  readonly init?: string;
  readonly styleWeights?: readonly number[];
  readonly contentMask?: string;
  /** By style; undefined where one of several has none. */
  readonly styleMask?: readonly (string | undefined)[];
  readonly saveEvery?: number;
  readonly trace?: string;
  readonly plot?: string;
  readonly checkpoint?: string;
  readonly resume?: string;
  /** A manifest of a run of the studio. */
  readonly replay?: string;
  readonly skipExisting?: boolean;
  readonly bits: number;
  readonly quality: number;
  /** `cache`, `preset`, `default` or a file. */
  readonly tuning?: string;
  readonly precision: Precision;
  readonly plan?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** What stood on the command line, to be said again. */
  readonly given: readonly GivenOption[];
}

/** An option of the command line with its parsed value. */
export interface GivenOption {
  readonly name: string;
  readonly flag: string;
  readonly value: unknown;
}

const INIT_WORDS: readonly string[] = ['content', 'noise', 'style'];

/** The picture that --init names, undefined where it is a word. */
export function initFile({ init }: StylizeArguments): string | undefined {
  return init === undefined || INIT_WORDS.includes(init) ? undefined : init;
}

/** The options of the run among the arguments. */
export function styleOptions(args: StylizeArguments): PartialStyleOptions {
  const picked = Object.fromEntries(STYLE_OPTIONS.map((name) => [name, args[name]]));
  return { ...picked, ...(initFile(args) === undefined ? {} : { init: 'image' }) } as PartialStyleOptions;
}
