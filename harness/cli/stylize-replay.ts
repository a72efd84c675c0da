// `facet stylize --replay`: a run made again from the manifest that the studio keeps beside its picture.
import { readFile } from 'node:fs/promises';
import { InputError, WeightsError } from '../../src/base/errors.js';
import type { LoadedWeights } from '../../src/nets/manifest.js';
import { parseRunManifest, type RunManifest } from '../../src/style/manifest.js';
import { reasonOf } from '../node/overwrite.js';
import { readBytes, sha256Of } from '../node/weights.js';
import { CHECKPOINT_OPTIONS, initFile, type StylizeArguments } from './stylize-arguments.js';

/** What a manifest says, or what it has none of; --init names a picture's file, which it does not hold. */
const FIXED = [
  ...CHECKPOINT_OPTIONS.filter((name) => name !== 'tuning' && name !== 'init'),
  'net',
  'styleWeights',
  'skipExisting',
];

/** Throws InputError where an option is given that the manifest says. */
export function refuseWithReplay(given: StylizeArguments['given']): void {
  const flags = given.filter(({ name }) => FIXED.includes(name)).map(({ flag }) => flag);
  if (flags.length > 0)
    throw new InputError(`--replay takes the options from its file; leave out ${flags.join(', ')}`);
}

/** The manifest that --replay names. InputError where it cannot be read or is none. */
export async function readRunManifest(path: string): Promise<RunManifest> {
  const where = `--replay ${path}`;
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${where}: ${reasonOf(error)}`, { cause: error });
  });
  return parseRunManifest(text, where);
}

/**
 * The arguments as if the first phase's options had been given, each mask beside its style. InputError for another number
 * of styles or masks than the run has.
 */
export function withManifest(args: StylizeArguments, manifest: RunManifest): StylizeArguments {
  const { net, precision, styles } = manifest;
  const [first] = manifest.phases;
  if (styles.length !== args.styles.length) {
    throw new InputError(
      `--replay ${args.replay}: the run has ${styles.length} style pictures (${styles.map(({ name }) => name).join(', ')}), got ${args.styles.length}`,
    );
  }
  const { history, init, ...options } = first!.options;
  const { contentMask, initImage } = manifest;
  const asked = (flag: string, wanted: { readonly name: string } | undefined, given: unknown) => {
    if (wanted && given === undefined)
      throw new InputError(`--replay ${args.replay}: the run has ${wanted.name}: give it with ${flag}`);
    if (!wanted && given !== undefined)
      throw new InputError(`--replay ${args.replay}: the run has none; leave out ${flag}`);
  };
  asked('--content-mask', contentMask, args.contentMask);
  if (!initImage && args.init !== undefined)
    throw new InputError(`--replay ${args.replay}: the run began with ${init}; leave out --init`);
  asked('--init', initImage, initFile(args));
  const masks = [...(args.styleMask ?? [])];
  const masked = styles.flatMap(({ mask }) => mask ?? []);
  if (masks.length !== masked.length) {
    throw new InputError(
      `--replay ${args.replay}: the run has ${masked.length} masks of styles (${masked.map(({ name }) => name).join(', ')}), got ${masks.length} with --style-mask`,
    );
  }
  return {
    ...args,
    ...options,
    init: initFile(args) ?? init,
    ...(masks.length > 0 ? { styleMask: styles.map(({ mask }) => (mask ? masks.shift() : undefined)) } : {}),
    ...(options.optimizer === 'lbfgs' ? { history } : {}),
    net,
    precision,
    styleWeights: first!.shares,
  };
}

/** Throws InputError where a picture, and WeightsError where the weights, are others than those of the run. */
export async function checkReplayed(
  args: StylizeArguments,
  manifest: RunManifest,
  weights: LoadedWeights,
): Promise<void> {
  const pairs = [
    [args.content, manifest.content],
    ...manifest.styles.map((style, i) => [args.styles[i], style] as const),
    ...manifest.styles.map(({ mask }, i) => [args.styleMask?.[i], mask] as const),
    [args.contentMask, manifest.contentMask],
    [initFile(args), manifest.initImage],
  ] as const;
  for (const [file, picture] of pairs) {
    if (file === undefined || !picture) continue;
    const actual = sha256Of(await readBytes(file));
    if (actual !== picture.sha256) {
      throw new InputError(
        `--replay ${args.replay}: ${file} is not the ${picture.name} (${picture.width}x${picture.height}) of the run: its sha-256 must be ${picture.sha256}, is ${actual}`,
      );
    }
  }
  if (weights.sha256 !== manifest.weights) {
    throw new WeightsError(
      `--replay ${args.replay}: ${weights.source}: sha-256 must be ${manifest.weights}, is ${weights.sha256}`,
    );
  }
}
