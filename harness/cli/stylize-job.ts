// One picture from its first step to its files.
import { DeviceLostError, InputError, OutOfMemoryError } from '../../src/base/errors.js';
import type { Device } from '../../src/gpu/device.js';
import type { Precision } from '../../src/gpu/kernel.js';
import { replay } from '../../src/style/replay.js';
import { type StepEvent, type StylizeHooks, type StylizeResult, stylize } from '../../src/style/stylize.js';
import { writeAtomically } from '../node/overwrite.js';
import { writePicture } from '../node/pictures.js';
import { lossPlot } from '../node/plot.js';
import { exists } from '../node/weights.js';
import { toLossTrace } from './loss-trace.js';
import type { StepBar } from './step-bar.js';
import { resumeCommand } from './stylize-again.js';
import { numbered } from './stylize-jobs.js';
import { CheckpointKeeper } from './stylize-keep.js';
import { type Loaded, load, type Prepared, styleInput } from './stylize-prepare.js';
import { describeTuning } from './tuning-option.js';

type Job = Prepared['jobs'][number];

/** What `--json` says of a picture. */
export interface JobReport {
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly seconds: number;
  readonly aborted: boolean;
  /** Where an interrupted run can go on, and the command that does. */
  readonly checkpoint?: string;
  readonly resume?: string;
  readonly adapter: string;
  readonly net: string;
  readonly weights: { readonly source: string; readonly sha256: string };
  readonly options: StylizeResult['options'];
  /** Where the choices came from, and how ops were computed that can be in several ways. */
  readonly tuning: string;
  readonly precision: Precision;
  readonly choices: StylizeResult['choices'];
  /** Last reading of each series. */
  readonly losses: Readonly<Record<string, number | undefined>>;
}

/**
 * Makes one picture and writes its files. What goes wrong after the first step is thrown after a word on where the
 * latest checkpoint lies; where a file cannot be written, one is kept first.
 */
export async function runJob(
  device: Device,
  p: Prepared,
  job: Job,
  bar: StepBar,
  signal: AbortSignal,
): Promise<JobReport> {
  const { args } = p;
  const loaded = await load(p, job);
  const keeper = new CheckpointKeeper(job.checkpoint, {
    // The checks before the run have found that it may be replaced, if it is there.
    replaces: args.force === true || (await exists(job.checkpoint)),
    own: job.resume?.found === true,
  });
  const started = performance.now();
  let result: StylizeResult;
  try {
    result = await paint(device, p, loaded, {
      signal,
      onStage: (text) => bar.stage(text),
      onTile: (event) => bar.tile(event),
      onStep: async (event) => {
        bar.step(event);
        const { saveEvery } = args;
        if (saveEvery && event.step % saveEvery === 0 && event.step < event.total)
          await saveStep(p, job, event, keeper);
      },
    });
    bar.stop();
    const done = result;
    await orRescue(
      () => writeFiles(p, job, done, keeper),
      keeper,
      async () => done.checkpoint,
    );
  } catch (error) {
    bar.stop();
    tellKept(p, job, keeper, error);
    throw error;
  }
  if (!result.aborted) await keeper.remove();
  return report(device, p, job, result, (performance.now() - started) / 1000);
}

/** A run of its own, or again the one of --replay. */
function paint(device: Device, p: Prepared, loaded: Loaded, hooks: StylizeHooks): Promise<StylizeResult> {
  const { options, style, ...input } = styleInput(p, loaded);
  if (!p.manifest) return stylize({ device, options, style, ...input }, hooks);
  const styles = p.styles.map(({ image }) => image);
  return replay(
    { device, ...input, styles, styleMasks: p.styles.map(({ mask }) => mask) },
    p.manifest,
    hooks,
  );
}

async function saveStep(p: Prepared, job: Job, event: StepEvent, keeper: CheckpointKeeper): Promise<void> {
  const save = async () => {
    await writePicture(numbered(job.output, event.step), await event.snapshot(), writeOptions(p, job));
    await keeper.save(await event.checkpoint());
  };
  await orRescue(save, keeper, () => event.checkpoint());
}

async function writeFiles(p: Prepared, job: Job, result: StylizeResult, keeper: CheckpointKeeper) {
  const { args } = p;
  const force = args.force === true;
  if (result.aborted) await keeper.save(result.checkpoint);
  await writePicture(job.output, result.image, { ...writeOptions(p, job), note: p.note });
  if (args.trace !== undefined) await writeAtomically(args.trace, traceJson(p, result), { force });
  if (args.plot !== undefined) {
    const title = `${job.content} in the style of ${args.styles.join(', ')}`;
    await writeAtomically(args.plot, lossPlot(toLossTrace(result.trace, title)), { force });
  }
}

function writeOptions({ args }: Prepared, job: Job) {
  return { force: job.replaces, bits: args.bits as 8 | 16, quality: args.quality };
}

/** `write`; where a file cannot be written, the run is kept before that is thrown. */
async function orRescue(
  write: () => Promise<void>,
  keeper: CheckpointKeeper,
  checkpoint: () => Promise<Parameters<CheckpointKeeper['save']>[0]>,
): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (error instanceof InputError) await keeper.rescue(await checkpoint());
    throw error;
  }
}

/** Errors after which the same run may well succeed. */
const PASSING = [InputError, DeviceLostError, OutOfMemoryError];

function tellKept(p: Prepared, job: Job, keeper: CheckpointKeeper, error: unknown): void {
  const { kept } = keeper;
  if (!kept) return;
  process.stderr.write(`facet: the checkpoint of step ${kept.step} is kept in ${kept.path}\n`);
  if (PASSING.some((kind) => error instanceof kind))
    process.stderr.write(`facet: go on with: ${resumeCommand(p.args, job, kept.path)}\n`);
}

function report(device: Device, p: Prepared, job: Job, result: StylizeResult, seconds: number): JobReport {
  const { width, height } = result.image;
  const resume = { checkpoint: job.checkpoint, resume: resumeCommand(p.args, job, job.checkpoint) };
  return {
    output: job.output,
    width,
    height,
    steps: result.steps,
    seconds,
    aborted: result.aborted,
    ...(result.aborted ? resume : {}),
    adapter: device.adapter.description,
    net: p.weights.net,
    weights: { source: p.weights.source, sha256: p.weights.sha256 },
    options: result.options,
    tuning: job.resume ? 'of the checkpoint' : describeTuning(device.tuning),
    precision: result.checkpoint.precision,
    choices: result.choices,
    losses: Object.fromEntries(
      Object.entries(result.trace.series).map(([name, values]) => [name, values.at(-1)]),
    ),
  };
}

function traceJson(p: Prepared, result: StylizeResult): string {
  const { net, sha256 } = p.weights;
  return `${JSON.stringify({ net, weights: sha256, options: result.options, choices: result.choices, ...result.trace }, null, 1)}\n`;
}
