// One picture, or every picture of a folder: what is to be made, what is made already, what is half made.
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { InputError } from '../../src/base/errors.js';
import { type Checkpoint, decodeCheckpoint } from '../../src/style/checkpoint.js';
import { canonicalPath, reasonOf } from '../node/overwrite.js';
import { exists } from '../node/weights.js';
import type { StylizeArguments } from './stylize-arguments.js';

/** One picture to make. */
export interface StylizeJob {
  readonly content: string;
  readonly output: string;
  /** Where the checkpoint is kept. */
  readonly checkpoint: string;
  /** The checkpoint to go on from. */
  readonly resume?: ResumePoint;
  /** The output and its numbered pictures may be replaced: by --force, or as this run's own, interrupted before. */
  readonly replaces: boolean;
}

/** A checkpoint, read and found good. */
export interface ResumePoint {
  readonly path: string;
  /** Steps done, of `total`. */
  readonly step: number;
  readonly total: number;
  /** Found beside the output, not named by --resume: it goes when the picture is finished. */
  readonly found: boolean;
}

/** All pictures of a run. */
export interface JobList {
  readonly jobs: readonly StylizeJob[];
  /** Outputs that --skip-existing leaves as they are. */
  readonly skipped: readonly string[];
  /** The output folder, where the content is a folder. */
  readonly folder?: { readonly path: string; readonly exists: boolean };
}

const PICTURE = /\.(jpe?g|png|webp|tiff?|avif|gif)$/i;

/** The pictures to make. A folder goes to a folder, each name with `.png`. InputError where that cannot be. */
export async function listJobs(args: StylizeArguments): Promise<JobList> {
  const place = await stat(args.content).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`content ${args.content} ${reasonOf(error)}`, { cause: error });
  });
  if (!place.isDirectory()) return sorted(args, [{ content: args.content, output: args.output }]);
  const folder = await outputFolder(args);
  const names = (await readdir(args.content)).filter((name) => PICTURE.test(name)).sort();
  if (names.length === 0)
    throw new InputError(`the folder ${args.content} holds no JPEG, PNG, WebP, TIFF, AVIF or GIF`);
  if (names.length > 1) {
    if ((args.trace ?? args.plot ?? args.checkpoint) !== undefined)
      throw new InputError('--trace, --plot and --checkpoint name one file: give one content picture');
    if (args.resume) throw new InputError('--resume goes on with one picture, not with a folder');
  }
  const pairs = names.map((name) => ({
    content: join(args.content, name),
    output: join(args.output, `${basename(name, extname(name))}.png`),
  }));
  const seen = new Set<string>();
  for (const { output } of pairs) {
    if (seen.has(output))
      throw new InputError(`two pictures of ${args.content} would become ${output}; rename one`);
    seen.add(output);
  }
  return { ...(await sorted(args, pairs)), folder };
}

async function outputFolder({
  content,
  output,
}: StylizeArguments): Promise<{ path: string; exists: boolean }> {
  const target = await stat(output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new InputError(`output ${output}: ${reasonOf(error)}`, { cause: error });
  });
  if (target ? !target.isDirectory() : PICTURE.test(output))
    throw new InputError(`${content} is a folder, so the output must be one; ${output} names a file`);
  if ((await canonicalPath(content)) === (await canonicalPath(output)))
    throw new InputError(`${output}: the output folder must be another than the content folder`);
  return { path: output, exists: target !== undefined };
}

async function sorted(
  args: StylizeArguments,
  pairs: readonly { readonly content: string; readonly output: string }[],
): Promise<Pick<JobList, 'jobs' | 'skipped'>> {
  const jobs: StylizeJob[] = [];
  const skipped: string[] = [];
  for (const pair of pairs) {
    const beside = checkpointBeside(pair.output);
    const checkpoint = args.checkpoint ?? args.resume ?? beside;
    const job = { ...pair, checkpoint, replaces: args.force === true };
    if (args.resume !== undefined) {
      const own = (await canonicalPath(args.resume)) === (await canonicalPath(beside));
      const resume = await resumePoint(args.resume, `--resume ${args.resume}`, false);
      jobs.push({ ...job, resume, replaces: job.replaces || own });
    } else if (args.skipExisting && (await exists(checkpoint))) {
      const resume = await resumePoint(checkpoint, `checkpoint ${checkpoint}`, true);
      jobs.push({ ...job, resume, replaces: true });
    } else if (args.skipExisting && (await exists(pair.output))) {
      skipped.push(pair.output);
    } else {
      jobs.push(job);
    }
  }
  return { jobs, skipped };
}

async function resumePoint(path: string, label: string, found: boolean): Promise<ResumePoint> {
  const { step, options } = await readCheckpoint(path, label);
  return { path, step, total: options.iterations, found };
}

/** The checkpoint in a file, called `label` in messages. InputError where it cannot be read or is none. */
export async function readCheckpoint(path: string, label = `checkpoint ${path}`): Promise<Checkpoint> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${label}: ${reasonOf(error)}`, { cause: error });
  });
  return decodeCheckpoint(bytes, label);
}

/** `out.png` -> `out.checkpoint.safetensors`, the checkpoint that belongs to a picture. */
export function checkpointBeside(output: string): string {
  return `${stem(output)}.checkpoint.safetensors`;
}

/** `out.png` at step 100 -> `out-000100.png`. */
export function numbered(output: string, step: number): string {
  return `${stem(output)}-${String(step).padStart(6, '0')}${extname(output)}`;
}

/** `out-000100.png` -> `out.png` and 100; undefined for a name that `numbered` does not make. */
export function parseNumbered(path: string): { output: string; step: number } | undefined {
  const parts = /^(.*)-(\d{6,})(\.[^./\\]*)$/s.exec(path);
  return parts ? { output: `${parts[1]}${parts[3]}`, step: Number(parts[2]) } : undefined;
}

function stem(path: string): string {
  const extension = extname(path);
  return extension === '' ? path : path.slice(0, -extension.length);
}
