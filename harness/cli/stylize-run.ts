// What `facet stylize` does once its arguments are read: check everything, then work, then write.
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { InputError } from '../../src/base/errors.js';
import type { RgbImage } from '../../src/base/image.js';
import { Device } from '../../src/gpu/device.js';
import type { ConventionName, LoadedWeights } from '../../src/nets/manifest.js';
import { nodePlatform } from '../../src/platform/node.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../src/style/checkpoint.js';
import type { PartialStyleOptions } from '../../src/style/options.js';
import { resolveOptions } from '../../src/style/options.js';
import {
  checkInput,
  type StyleSource,
  type StylizeInput,
  type StylizeResult,
  stylize,
} from '../../src/style/stylize.js';
import { checkWritable, reasonOf, writeAtomically } from '../node/overwrite.js';
import { checkPicturePath, readPicture, writePicture } from '../node/pictures.js';
import { lossPlot } from '../node/plot.js';
import { findWeights } from '../node/weights.js';
import { toLossTrace } from './loss-trace.js';
import { StepBar } from './step-bar.js';
import { listJobs, type StylizeJob } from './stylize-jobs.js';
import { printPlan } from './stylize-plan.js';

/** As commander hands them over. */
export interface StylizeArguments extends Omit<PartialStyleOptions, 'init'> {
  content: string;
  styles: string[];
  output: string;
  net: string;
  weights?: string;
  inputConvention?: ConventionName;
  init?: string;
  styleWeights?: number[];
  contentMask?: string;
  styleMask?: string[];
  saveEvery?: number;
  trace?: string;
  plot?: string;
  checkpoint?: string;
  resume?: string;
  bits: number;
  quality: number;
  plan?: boolean;
  force?: boolean;
  json?: boolean;
  quiet?: boolean;
}

const INTERRUPTED = 130;

/** Everything that was read before the GPU is touched. */
interface Prepared {
  readonly args: StylizeArguments;
  readonly jobs: readonly (StylizeJob & { readonly image: RgbImage })[];
  readonly styles: readonly StyleSource[];
  readonly weights: LoadedWeights;
  readonly options: PartialStyleOptions;
  readonly initImage: RgbImage | undefined;
  readonly contentMask: RgbImage | undefined;
  readonly resume: Checkpoint | undefined;
}

/** Runs the command; resolves to the exit code. */
export async function runStylize(args: StylizeArguments): Promise<number> {
  const prepared = await prepare(args);
  const platform = nodePlatform();
  let device: Device | undefined;
  const abort = new AbortController();
  const onSignal = () => {
    // A second Ctrl-C does not wait for the step to end.
    if (abort.signal.aborted) process.exit(INTERRUPTED);
    abort.abort();
    if (!args.quiet)
      process.stderr.write('\nstopping after this step; the picture and a checkpoint are kept …\n');
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    device = await Device.open(platform);
    if (args.plan) {
      for (const job of prepared.jobs)
        printPlan(device, prepared.weights, job.image, resolvedOptions(prepared));
      return 0;
    }
    const reports = [];
    for (const job of prepared.jobs) {
      if (abort.signal.aborted) break;
      reports.push(await runJob(device, prepared, job, abort.signal));
    }
    if (args.json)
      process.stdout.write(`${JSON.stringify(reports.length === 1 ? reports[0] : reports, null, 2)}\n`);
    const stopped = reports.length < prepared.jobs.length || reports.some((report) => report.aborted);
    return stopped ? INTERRUPTED : 0;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    device?.destroy();
    platform.dispose();
  }
}

function resolvedOptions(p: Prepared) {
  return p.resume?.options ?? resolveOptions(p.options, p.weights);
}

async function prepare(args: StylizeArguments): Promise<Prepared> {
  if (args.bits !== 8 && args.bits !== 16) throw new InputError(`--bits must be 8 or 16, got ${args.bits}`);
  if (!(args.quality >= 1 && args.quality <= 100))
    throw new InputError(`--quality must be in 1..100, got ${args.quality}`);
  if (args.saveEvery !== undefined && args.saveEvery < 1)
    throw new InputError(`--save-every must be at least 1, got ${args.saveEvery}`);
  const note = (line: string) => {
    if (!args.quiet) process.stderr.write(`note: ${line}\n`);
  };
  const jobs = await listJobs(args);
  if (!args.plan) await checkOutputs(args, jobs);
  if (args.styleWeights && args.styleWeights.length !== args.styles.length) {
    throw new InputError(
      `--style-weights must have one number per style: ${args.styles.length}, got ${args.styleWeights.length}`,
    );
  }
  if (args.styleMask && args.styleMask.length > args.styles.length) {
    throw new InputError(`--style-mask: ${args.styleMask.length} masks for ${args.styles.length} styles`);
  }
  const images = [];
  for (const job of jobs)
    images.push({ ...job, image: await readPicture(job.content, { where: 'content', note }) });
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
  const resume = args.resume ? await readCheckpoint(args.resume) : undefined;
  if (resume && jobs.length > 1) throw new InputError('--resume goes on with one picture, not with a folder');
  const initFile =
    args.init !== undefined && !['content', 'noise', 'style'].includes(args.init) ? args.init : undefined;
  const options = styleOptions(args, initFile !== undefined);
  const initImage = await optional(initFile, 'init');
  const contentMask = await optional(args.contentMask, 'content mask');
  const weights = await findWeights(args.net, {
    ...(args.weights ? { weights: args.weights } : {}),
    ...(args.inputConvention ? { inputConvention: args.inputConvention } : {}),
  });
  const prepared = { args, jobs: images, styles, weights, options, initImage, contentMask, resume };
  // Impossible sizes and masks are told before the GPU is opened.
  for (const job of images) checkInput(styleInput(prepared, job));
  return prepared;
}

function styleInput(p: Prepared, job: Prepared['jobs'][number]): Omit<StylizeInput, 'device'> {
  return {
    weights: p.weights,
    content: job.image,
    style: p.styles,
    options: p.options,
    ...(p.contentMask ? { contentMask: p.contentMask } : {}),
    ...(p.initImage ? { initImage: p.initImage } : {}),
    ...(p.resume ? { resume: p.resume } : {}),
  };
}

function styleOptions(args: StylizeArguments, fromFile: boolean): PartialStyleOptions {
  const {
    preset,
    size,
    firstSize,
    iterations,
    optimizer,
    learningRate,
    contentWeight,
    styleWeight,
    tvWeight,
  } = args;
  const { tvForm, contentLayers, styleLayers, styleLoss, normalization, styleScale, initNoise } = args;
  const { pooling, padding, color, seed } = args;
  const init = fromFile ? 'image' : (args.init as PartialStyleOptions['init']);
  return {
    ...(preset ? { preset } : {}),
    ...{ size, firstSize, iterations, optimizer, learningRate, contentWeight, styleWeight, tvWeight },
    ...{ tvForm, contentLayers, styleLayers, styleLoss, normalization, styleScale, init, initNoise },
    ...{ pooling, padding, color, seed },
  };
}

/** Nothing may fail at the end for a reason that could be known at the start. */
async function checkOutputs(args: StylizeArguments, jobs: readonly StylizeJob[]): Promise<void> {
  const force = args.force ? { force: true } : {};
  for (const job of jobs) await checkPicturePath(job.output, { ...force, bits: args.bits as 8 | 16 });
  for (const path of [args.trace, args.plot]) {
    if (path !== undefined) await checkWritable(path, force);
  }
  if (args.plot !== undefined && extname(args.plot).toLowerCase() !== '.svg') {
    throw new InputError(`--plot writes SVG: ${args.plot} must end in .svg`);
  }
  if ((args.trace ?? args.plot ?? args.checkpoint) !== undefined && jobs.length > 1) {
    throw new InputError('--trace, --plot and --checkpoint name one file: give one content picture');
  }
  // A checkpoint replaces its predecessor: only the folder must be writable.
  for (const job of jobs) await checkWritable(checkpointPath(args, job), { force: true });
}

function checkpointPath(args: StylizeArguments, job: StylizeJob): string {
  return (
    args.checkpoint ??
    args.resume ??
    `${job.output.slice(0, -extname(job.output).length)}.checkpoint.safetensors`
  );
}

async function readCheckpoint(path: string): Promise<Checkpoint> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`--resume ${path}: ${reasonOf(error)}`, { cause: error });
  });
  return decodeCheckpoint(bytes, path);
}

async function runJob(device: Device, p: Prepared, job: Prepared['jobs'][number], signal: AbortSignal) {
  const { args } = p;
  const bar = new StepBar({ quiet: args.quiet === true, title: job.output });
  const kept = checkpointPath(args, job);
  const write = { force: true, bits: args.bits as 8 | 16, quality: args.quality };
  const saveCheckpoint = async (checkpoint: Checkpoint) =>
    writeAtomically(kept, encodeCheckpoint(checkpoint), { force: true });
  const started = performance.now();
  let result: StylizeResult;
  try {
    bar.stage(`${device.adapter.description || device.adapter.device} · ${p.weights.net}`);
    result = await stylize(
      { device, ...styleInput(p, job) },
      {
        signal,
        onStage: (text) => bar.stage(text),
        onStep: async (event) => {
          bar.step(event);
          if (args.saveEvery && event.step % args.saveEvery === 0 && event.step < event.total) {
            await writePicture(numbered(job.output, event.step), await event.snapshot(), write);
            await saveCheckpoint(await event.checkpoint());
          }
        },
      },
    );
  } finally {
    bar.stop();
  }
  const seconds = (performance.now() - started) / 1000;
  await writePicture(job.output, result.image, write);
  if (result.aborted) await saveCheckpoint(result.checkpoint);
  const title = `${job.content} in the style of ${args.styles.join(', ')}`;
  if (args.trace) await writeAtomically(args.trace, traceJson(p, result), { force: true });
  if (args.plot)
    await writeAtomically(args.plot, lossPlot(toLossTrace(result.trace, title)), { force: true });
  const { width, height } = result.image;
  if (!args.quiet && !args.json) {
    process.stdout.write(
      `${job.output}  ${width}x${height}, ${result.steps} steps in ${seconds.toFixed(1)} s\n`,
    );
    if (result.aborted) process.stdout.write(`stopped early; go on with --resume ${kept}\n`);
  }
  return {
    output: job.output,
    width,
    height,
    steps: result.steps,
    seconds,
    aborted: result.aborted,
    ...(result.aborted ? { checkpoint: kept } : {}),
    adapter: device.adapter.description,
    net: p.weights.net,
    weights: { source: p.weights.source, sha256: p.weights.sha256 },
    options: result.options,
    losses: Object.fromEntries(
      Object.entries(result.trace.series).map(([name, values]) => [name, values.at(-1)]),
    ),
  };
}

function traceJson(p: Prepared, result: StylizeResult): string {
  const { net, sha256 } = p.weights;
  return `${JSON.stringify({ net, weights: sha256, options: result.options, ...result.trace }, null, 1)}\n`;
}

/** `out.png` at step 100 -> `out-000100.png`. */
function numbered(path: string, step: number): string {
  const extension = extname(path);
  return `${path.slice(0, -extension.length)}-${String(step).padStart(6, '0')}${extension}`;
}
