// What `facet stylize` does once its arguments are read: check everything, then work, then write.
import { mkdir, rmdir } from 'node:fs/promises';
import { InputError } from '../../src/base/errors.js';
import { Device } from '../../src/gpu/device.js';
import { nodePlatform } from '../../src/platform/node.js';
import { splitRegions } from '../../src/style/regions.js';
import { reasonOf } from '../node/overwrite.js';
import { describePlan, planJob, refuseTooLarge } from '../plan-report.js';
import { INTERRUPTED, interruptible } from './interrupt.js';
import { StepBar } from './step-bar.js';
import { remainingCommand } from './stylize-again.js';
import type { StylizeArguments } from './stylize-arguments.js';
import { type JobReport, runJob } from './stylize-job.js';
import { type JobList, listJobs } from './stylize-jobs.js';
import { checkOutputs } from './stylize-outputs.js';
import { checkArguments, type Prepared, prepare, resolvedOptions } from './stylize-prepare.js';
import { readRunManifest, withManifest } from './stylize-replay.js';
import { readTuning } from './tuning-option.js';

const NOTICE = 'stopping after this step (or tile); picture and checkpoint are kept (again: at once) …';

/** Runs the command; resolves to the exit code. */
export async function runStylize(given: StylizeArguments): Promise<number> {
  const manifest = given.replay === undefined ? undefined : await readRunManifest(given.replay);
  const args = manifest ? withManifest(given, manifest) : given;
  checkArguments(args);
  const tuning = await readTuning(args.tuning);
  const list = await listJobs(args);
  if (!args.plan) await checkOutputs(args, list);
  if (list.jobs.length === 0) {
    tell(args, list, []);
    return 0;
  }
  const prepared = await prepare(args, list, manifest);
  const platform = nodePlatform();
  const bar = new StepBar({ quiet: args.quiet === true });
  let device: Device | undefined;
  try {
    // --resume goes on as the run was begun; a checkpoint that was found must be of this very run.
    const precision = (args.resume ? prepared.first.resume?.precision : undefined) ?? args.precision;
    device = await Device.open(platform, {
      ...tuning,
      precision,
      onCompile: (progress) => bar.compile(progress),
    });
    if (args.plan) {
      printPlans(device, prepared, list);
      return 0;
    }
    return await runJobs(device, prepared, list, bar);
  } finally {
    device?.destroy();
    platform.dispose();
  }
}

async function runJobs(device: Device, p: Prepared, list: JobList, bar: StepBar): Promise<number> {
  const { args } = p;
  const reports: JobReport[] = [];
  const folder = list.folder?.exists === false ? list.folder.path : undefined;
  if (folder !== undefined) await makeFolder(folder);
  bar.stage(`${device.adapter.description || device.adapter.device} · ${p.weights.net}`);
  try {
    await interruptible(bar, NOTICE, async (signal) => {
      for (const [i, job] of p.jobs.entries()) {
        if (signal.aborted) break;
        if (list.folder) bar.stage(`picture ${i + 1} of ${p.jobs.length}: ${job.content}`);
        const report = await runJob(device, p, job, bar, signal);
        reports.push(report);
        if (!args.quiet && !args.json) process.stdout.write(`${describe(report)}\n`);
      }
    });
  } catch (error) {
    if (folder !== undefined && reports.length === 0) await removeIfEmpty(folder);
    throw error;
  }
  tell(args, list, reports);
  return reports.length < p.jobs.length || reports.some(({ aborted }) => aborted) ? INTERRUPTED : 0;
}

function describe({ output, width, height, steps, seconds }: JobReport): string {
  return `${output}  ${width}x${height}, ${steps} steps in ${seconds.toFixed(1)} s`;
}

/** Closing words: JSON, or what was skipped and how to go on. */
function tell(args: StylizeArguments, list: JobList, reports: readonly JobReport[]): void {
  if (args.json) {
    const all = [...list.skipped.map((output) => ({ output, skipped: true })), ...reports];
    process.stdout.write(`${JSON.stringify(list.folder ? all : all[0], null, 2)}\n`);
    return;
  }
  if (args.quiet) return;
  for (const output of list.skipped) process.stdout.write(`${output}  exists, skipped\n`);
  const aborted = reports.find((report) => report.aborted);
  if (!aborted && reports.length === list.jobs.length) return;
  const command = list.folder ? remainingCommand(args) : aborted?.resume;
  process.stdout.write(`stopped early; go on with: ${command}\n`);
}

function printPlans(device: Device, p: Prepared, list: JobList): void {
  const o = resolvedOptions(p);
  const regions = p.contentMask ? splitRegions(p.contentMask, 'content mask').length : 0;
  const plans = p.jobs.map((job) => planJob(device, p.weights, job, o, regions));
  const text = p.args.json
    ? JSON.stringify(list.folder ? plans : plans[0], null, 2)
    : plans.map(describePlan).join('\n\n');
  process.stdout.write(`${text}\n`);
  const styles = p.styles.map(({ image }) => image);
  for (const plan of plans) refuseTooLarge(device, p.weights, plan, styles, o, regions);
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${path}: could not be made: ${reasonOf(error)}`, { cause: error });
  });
}

/** A checkpoint or a numbered picture keeps the folder. */
async function removeIfEmpty(path: string): Promise<void> {
  await rmdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}
