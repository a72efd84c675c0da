// Where a training writes, what it goes on from, and what is said at its end.
import { mkdir, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { InputError } from '../../src/base/errors.js';
import { checkWritable, reasonOf } from '../node/overwrite.js';
import { CheckpointFolder, type FoundCheckpoint } from '../node/training/checkpoint-folder.js';
import { printJson, warn } from './face-options.js';
import type { RunEnd, RunFacts } from './train-run.js';

/** Arguments that say where. */
export interface FileArguments {
  readonly out?: string;
  readonly run?: string;
  readonly resume?: boolean;
  readonly force?: boolean;
  /** Nothing will be trained. */
  readonly prepare?: boolean;
}

/** Where a run writes. */
export interface RunFiles {
  readonly out: string;
  readonly run: string;
  readonly checkpoints: CheckpointFolder;
  /** Where it goes on from. */
  readonly latest: FoundCheckpoint | undefined;
}

/** InputError where the weights could not be written, or would replace others unasked. */
export async function filesOf(args: FileArguments, defaultOut: string): Promise<RunFiles> {
  const out = args.out ?? defaultOut;
  const { dir, name } = parse(out);
  const run = args.run ?? join(dir, `${name}.run`);
  const checkpoints = new CheckpointFolder(join(run, 'checkpoints'));
  // What is begun anew need not be readable.
  const latest = args.force && !args.resume ? undefined : await checkpoints.latest();
  if (args.prepare) return { out, run, checkpoints, latest };
  if (args.resume) {
    if (!latest) throw new InputError(`--resume: there is no checkpoint in ${checkpoints.folder}`);
    for (const line of latest.passedOver) warn(line);
  } else if (latest) {
    throw new InputError(
      `${run}: holds a training at step ${latest.checkpoint.step}; --resume goes on with it, --force begins anew`,
    );
  }
  await checkWritable(out, args.resume ? { force: true } : args);
  await mkdir(run, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`--run ${run}: ${reasonOf(error)}`, { cause: error });
  });
  return { out, run, checkpoints, latest: args.resume ? latest : undefined };
}

/** Takes over what the checkpoint knows. InputError where it is of other options or other pictures. */
export function goOn<F extends RunFacts>(facts: F, { checkpoint, path }: FoundCheckpoint, data: string): F {
  const kept = checkpoint.run as F | undefined;
  if (kept?.kind !== facts.kind)
    throw new InputError(`${path}: is no checkpoint of a training of a ${facts.kind} net`);
  const [was, is] = [kept.training, facts.training].map((value) => JSON.parse(JSON.stringify(value))) as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const [a, b] = [JSON.stringify(was[key]), JSON.stringify(is[key])];
    if (a !== b) {
      throw new InputError(
        `--resume: the checkpoint was made with ${key} ${a ?? 'not given'}, now it is ${b ?? 'not given'}; give the options of the first call`,
      );
    }
  }
  if (kept.data !== facts.data) {
    throw new InputError(`--resume: ${data} are others than those of the checkpoint; --force begins anew`);
  }
  return { ...kept, training: facts.training };
}

/** What came out, in words or as JSON. */
export async function tell(
  args: FileArguments & { json?: boolean },
  files: RunFiles,
  facts: RunFacts,
  { step, why, last }: RunEnd,
  steps: number,
): Promise<void> {
  const written = await stat(files.out).then(
    () => true,
    () => false,
  );
  if (args.json) {
    const weights = written ? files.out : null;
    printJson({ weights, run: files.run, step, steps, why, best: facts.best ?? null, last: last ?? null });
    return;
  }
  const best = facts.best
    ? ` (step ${facts.best.step}, AUC ${facts.best.auc.toFixed(4)} on people held out)`
    : '';
  const parts = [
    ...(written ? [`${files.out}${best}`] : []),
    ...(why === 'done'
      ? []
      : [`stopped at step ${step} of ${steps}: ${why}; the same call with --resume goes on`]),
    `log and report in ${files.run}`,
  ];
  process.stdout.write(`${parts.join('\n')}\n`);
}
