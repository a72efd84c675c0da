// Everything that `facet stylize` reads and checks before the GPU is touched.
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../../src/base/errors.js';
import type { RgbImage } from '../../src/base/image.js';
import type { LoadedWeights } from '../../src/nets/manifest.js';
import type { Checkpoint } from '../../src/style/checkpoint.js';
import {
  checkInput,
  type Size,
  type StyleSource,
  type StylizeInput,
  usableScales,
} from '../../src/style/input.js';
import type { RunManifest } from '../../src/style/manifest.js';
import { type PartialStyleOptions, resolveOptions, type StyleOptions } from '../../src/style/options.js';
import { inspectPicture, readPicture } from '../node/pictures.js';
import { weightsFor } from '../node/style/weights-for.js';
import { initFile, type StylizeArguments, styleOptions } from './stylize-arguments.js';
import { type JobList, readCheckpoint, type StylizeJob } from './stylize-jobs.js';
import { checkReplayed } from './stylize-replay.js';

/** A run, checked. The pictures of a folder are decoded one at a time, the first of them here. */
export interface Prepared {
  readonly args: StylizeArguments;
  readonly jobs: readonly (StylizeJob & { readonly size: Size })[];
  readonly first: Loaded;
  readonly styles: readonly StyleSource[];
  readonly weights: LoadedWeights;
  readonly options: PartialStyleOptions;
  readonly initImage: RgbImage | undefined;
  readonly contentMask: RgbImage | undefined;
  /** What --replay makes again. */
  readonly manifest: RunManifest | undefined;
  readonly note: (line: string) => void;
}

/** What one job alone needs. */
export interface Loaded {
  readonly content: RgbImage;
  readonly resume: Checkpoint | undefined;
}

/** Checks what needs no file. InputError says which option breaks which rule. */
export function checkArguments(args: StylizeArguments): void {
  const { bits, quality, saveEvery, styles, styleWeights, styleMask } = args;
  if (bits !== 8 && bits !== 16) throw new InputError(`--bits must be 8 or 16, got ${bits}`);
  if (!(quality >= 1 && quality <= 100)) throw new InputError(`--quality must be in 1..100, got ${quality}`);
  if (saveEvery !== undefined && saveEvery < 1)
    throw new InputError(`--save-every must be at least 1, got ${saveEvery}`);
  if (styleWeights && styleWeights.length !== styles.length) {
    throw new InputError(
      `--style-weights must have one number per style: ${styles.length}, got ${styleWeights.length}`,
    );
  }
  if (styleMask && styleMask.length > styles.length)
    throw new InputError(`--style-mask: ${styleMask.length} masks for ${styles.length} styles`);
  if (args.skipExisting && args.force)
    throw new InputError('--skip-existing keeps what --force would replace; give one of them');
  if (args.skipExisting && args.resume)
    throw new InputError('--skip-existing goes on with unfinished pictures by itself; leave out --resume');
}

/** Reads and checks what the jobs (at least one) need. InputError or WeightsError says what cannot be used. */
export async function prepare(
  args: StylizeArguments,
  list: JobList,
  manifest?: RunManifest,
): Promise<Prepared> {
  if (manifest && list.folder)
    throw new InputError('--replay makes one picture again: give one content picture');
  const note = (line: string) => {
    if (!args.quiet) process.stderr.write(`note: ${line}\n`);
  };
  const jobs = [];
  for (const job of list.jobs)
    jobs.push({ ...job, size: await inspectPicture(job.content, { where: 'content' }) });
  const styles: StyleSource[] = [];
  for (const [i, path] of args.styles.entries()) {
    const mask = args.styleMask?.[i];
    styles.push({
      image: await readPicture(path, { where: 'style', note }),
      weight: args.styleWeights?.[i] ?? 1,
      ...(mask ? { mask: await readPicture(mask, { where: 'style mask', note }) } : {}),
    });
  }
  const optional = async (path: string | undefined, where: string) =>
    path === undefined ? undefined : readPicture(path, { where, note });
  const initImage = await optional(initFile(args), 'init');
  const contentMask = await optional(args.contentMask, 'content mask');
  const options = styleOptions(args);
  const common = { args, jobs, styles, options, initImage, contentMask, note };
  const first = await loadFiles(jobs[0]!, note);
  const weights = await weightsFor(args, options, first.resume?.options);
  if (manifest) await checkReplayed(args, manifest, weights);
  const prepared = { ...common, weights, first, manifest };
  checkInput(styleInput(prepared, first));
  for (const job of jobs) await checkJob(prepared, job);
  return prepared;
}

/** Content and checkpoint of a job. InputError where they cannot be read. */
export async function load(p: Prepared, job: Prepared['jobs'][number]): Promise<Loaded> {
  return job === p.jobs[0] ? p.first : loadFiles(job, p.note);
}

/** What `stylize` takes, but for the device. */
export function styleInput(
  p: Omit<Prepared, 'first' | 'manifest'>,
  { content, resume }: Loaded,
): Omit<StylizeInput, 'device'> {
  return {
    weights: p.weights,
    content,
    style: p.styles,
    options: p.options,
    ...(p.contentMask ? { contentMask: p.contentMask } : {}),
    ...(p.initImage ? { initImage: p.initImage } : {}),
    ...(resume ? { resume } : {}),
  };
}

async function loadFiles(job: StylizeJob, note: (line: string) => void): Promise<Loaded> {
  const content = await readPicture(job.content, { where: 'content', note });
  return { content, resume: job.resume && (await readCheckpoint(job.resume.path)) };
}

/** What can be known of a job without decoding its picture. */
async function checkJob(p: Prepared, job: Prepared['jobs'][number]): Promise<void> {
  const o = job.resume?.found ? await sameOptions(p, job.resume.path) : resolvedOptions(p);
  usableScales({ content: { ...job.size, data: new Float32Array(0) }, weights: p.weights }, o);
}

/** A checkpoint that was found, not named, must be of this very run. */
async function sameOptions(p: Prepared, path: string): Promise<StyleOptions> {
  const { options, precision } = await readCheckpoint(path);
  if (precision !== p.args.precision) {
    throw new InputError(
      `${path}: the unfinished picture was begun with --precision ${precision}, not ${p.args.precision}; give the same one, or remove the file`,
    );
  }
  if (isDeepStrictEqual(options, resolveOptions(p.options, p.weights))) return options;
  throw new InputError(
    `${path}: the unfinished picture was begun with other options; give the same ones, or remove the file`,
  );
}

/** The options of the run: those of the checkpoint that --resume names, else the completed ones. */
export function resolvedOptions(p: Pick<Prepared, 'args' | 'first' | 'options' | 'weights'>): StyleOptions {
  return (p.args.resume ? p.first.resume?.options : undefined) ?? resolveOptions(p.options, p.weights);
}
