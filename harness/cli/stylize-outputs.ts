// Every file that a run would write, held against each other, against what it reads and against what is there.
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { InputError } from '../../src/base/errors.js';
import { canonicalPath, checkWritable } from '../node/overwrite.js';
import { checkPicturePath } from '../node/pictures.js';
import { exists } from '../node/weights.js';
import { initFile, type StylizeArguments } from './stylize-arguments.js';
import { type JobList, parseNumbered, readCheckpoint, type StylizeJob } from './stylize-jobs.js';
import { tuningFile } from './tuning-option.js';

interface NamedFile {
  /** `output`, `trace`, `content`, … */
  readonly role: string;
  readonly path: string;
}

/**
 * Nothing may fail at the end, or be lost, for a reason that can be known at the start: InputError where two
 * outputs are one file, an output is also read, a file is there that nobody allowed to replace, or a place cannot
 * be written.
 */
export async function checkOutputs(args: StylizeArguments, list: JobList): Promise<void> {
  if (args.plot !== undefined && extname(args.plot).toLowerCase() !== '.svg')
    throw new InputError(`--plot writes SVG: ${args.plot} must end in .svg`);
  const inputs = await byCanonicalPath(inputFiles(args, list.jobs));
  const outputs = await distinct(outputFiles(args, list.jobs), inputs, list.jobs);
  if (args.saveEvery !== undefined) await checkNumbered(args, list, args.saveEvery, outputs, inputs);
  const force = args.force === true;
  for (const path of [args.trace, args.plot]) {
    if (path !== undefined) await checkWritable(path, { force });
  }
  if (list.folder && !list.folder.exists) {
    // Nothing is in a folder that is yet to be made; the one that it comes into must be there.
    await checkWritable(list.folder.path);
    return;
  }
  for (const job of list.jobs) {
    await checkPicturePath(job.output, { force: job.replaces, bits: args.bits as 8 | 16 });
    await checkCheckpoint(job, force);
  }
}

function outputFiles(args: StylizeArguments, jobs: readonly StylizeJob[]): NamedFile[] {
  return [
    ...jobs.map(({ output }) => ({ role: 'output', path: output })),
    ...jobs.map(({ checkpoint }) => ({ role: 'checkpoint', path: checkpoint })),
    ...named('trace', args.trace),
    ...named('plot', args.plot),
  ];
}

function inputFiles(args: StylizeArguments, jobs: readonly StylizeJob[]): NamedFile[] {
  return [
    ...jobs.map(({ content }) => ({ role: 'content', path: content })),
    ...args.styles.map((path) => ({ role: 'style', path })),
    ...named('content mask', args.contentMask),
    ...(args.styleMask ?? []).flatMap((path) => named('style mask', path)),
    ...named('picture of --init', initFile(args)),
    ...named('weights', args.weights),
    ...named('checkpoint of --resume', args.resume),
    ...named('recipe of --replay', args.replay),
    ...named('tuning table', tuningFile(args.tuning)),
  ];
}

function named(role: string, path: string | undefined): NamedFile[] {
  return path === undefined ? [] : [{ role, path }];
}

async function byCanonicalPath(files: readonly NamedFile[]): Promise<Map<string, NamedFile>> {
  const map = new Map<string, NamedFile>();
  for (const file of files) map.set(await canonicalPath(file.path), file);
  return map;
}

/** Output files by their canonical paths, after the comparison with each other and with the inputs. */
async function distinct(
  files: readonly NamedFile[],
  inputs: ReadonlyMap<string, NamedFile>,
  jobs: readonly StylizeJob[],
): Promise<Map<string, NamedFile>> {
  const resumed = new Set<string>();
  for (const { resume } of jobs) if (resume) resumed.add(await canonicalPath(resume.path));
  const map = new Map<string, NamedFile>();
  for (const file of files) {
    const place = await canonicalPath(file.path);
    const other = map.get(place);
    if (other) throw new InputError(`${file.path}: ${other.role} and ${file.role} must be different files`);
    map.set(place, file);
    // A checkpoint goes on in its own file.
    if (file.role === 'checkpoint' && resumed.has(place)) continue;
    const input = inputs.get(place);
    if (input) throw new InputError(`${file.path}: the ${file.role} would replace the ${input.role}`);
  }
  return map;
}

/** The pictures of --save-every: none may be another file of the run, or be there already. */
async function checkNumbered(
  args: StylizeArguments,
  { jobs }: JobList,
  every: number,
  outputs: ReadonlyMap<string, NamedFile>,
  inputs: ReadonlyMap<string, NamedFile>,
): Promise<void> {
  const byOutput = new Map<string, StylizeJob>();
  // A numbered picture lies beside the name of the output, even where that is a link.
  for (const job of jobs) {
    byOutput.set(join(await canonicalPath(dirname(job.output)), basename(job.output)), job);
  }
  const writer = (path: string): StylizeJob | undefined => {
    const parts = parseNumbered(path);
    const job = parts && byOutput.get(parts.output);
    if (!parts || !job || parts.step % every !== 0) return undefined;
    const total = job.resume?.total ?? args.iterations ?? Number.POSITIVE_INFINITY;
    return parts.step > (job.resume?.step ?? 0) && parts.step < total ? job : undefined;
  };
  for (const [place, { role, path }] of [...outputs, ...inputs]) {
    if (writer(place))
      throw new InputError(
        `${path}: a picture of --save-every would replace the ${role}; choose another name`,
      );
  }
  for (const folder of new Set([...byOutput.keys()].map((path) => dirname(path)))) {
    if (!(await exists(folder))) continue;
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const job = writer(path);
      if (job && !job.replaces) {
        throw new InputError(
          `${join(dirname(job.output), name)}: exists already and --save-every would write it; --force replaces it`,
        );
      }
    }
  }
}

/** A checkpoint may replace another one, but no other file. */
async function checkCheckpoint({ checkpoint, resume }: StylizeJob, force: boolean): Promise<void> {
  await checkWritable(checkpoint, { force: true });
  if (force || checkpoint === resume?.path || !(await exists(checkpoint))) return;
  await readCheckpoint(checkpoint).catch((error: unknown) => {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${checkpoint}: exists already and is no checkpoint; --force replaces it`, {
      cause: error,
    });
  });
}
