// `facet check`: every op's, optimiser's and search's cases on this machine's adapter, and the references' gradients, by name.
import { Command } from 'commander';
import { Device } from '../../src/gpu/device.js';
import type { Precision } from '../../src/gpu/kernel.js';
import { nodePlatform } from '../../src/platform/node.js';
import type { Comparison } from '../check.js';
import { selectChecks } from '../check-jobs.js';
import { precisionOption } from './arguments.js';
import { describeTuning, readTuning, tuningOption } from './tuning-option.js';

/** What is checked, and how it is told. */
export interface CheckOptions {
  /** Only the references' gradients against finite differences, which need no adapter. */
  readonly gradients?: boolean;
  /** One JSON document instead of lines. */
  readonly json?: boolean;
  /** As `--tuning` of the command line takes it. */
  readonly tuning?: string;
}

interface CommandOptions extends CheckOptions {
  readonly precision?: Precision;
}

/**
 * Runs what the filters select: all where there are none, else every comparison whose name contains one of them; a
 * filter that is a whole name (`conv2d:forward:C=64;H=33;W=17;K=128`) need not be in a table. Prints a line each
 * with the largest error in units of its tolerance; returns 0, or 1 where something failed. `device` may be left
 * out for gradients alone. InputError where nothing is selected.
 */
export async function runCheck(
  device: Device | undefined,
  filters: readonly string[],
  options: CheckOptions = {},
): Promise<number> {
  const { jobs, isWanted } = selectChecks(device, filters);
  const results: Comparison[] = [];
  for (const job of jobs) {
    for (const result of (await job.run()).filter(({ name }) => isWanted(name))) {
      results.push(result);
      if (options.json) continue;
      console.log(`${result.ok ? 'ok    ' : 'FAILED'} ${ratio(result.worst)}  ${result.name}`);
      if (!result.ok) console.log(result.report);
    }
  }
  const failed = results.filter(({ ok }) => !ok).length;
  const adapter = device ? device.adapter.description || device.adapter.device : undefined;
  if (options.json) {
    const tuning = device && describeTuning(device.tuning);
    console.log(JSON.stringify({ adapter, tuning, failed, results: results.map(finite) }, undefined, 2));
  } else {
    const worst = results.reduce((a, b) => (b.worst > a.worst ? b : a));
    console.log(`\n${results.length - failed} passed, ${failed} failed${adapter ? ` on ${adapter}` : ''}`);
    console.log(`largest error / tolerance: ${ratio(worst.worst).trim()} (${worst.name})`);
  }
  return failed > 0 ? 1 : 0;
}

function ratio(worst: number): string {
  return worst.toFixed(3).padStart(8);
}

/** JSON has no infinity; a result with NaN in it has that as its worst. */
function finite(result: Comparison): Omit<Comparison, 'worst'> & { worst: number | string } {
  return { ...result, worst: Number.isFinite(result.worst) ? result.worst : String(result.worst) };
}

async function action(filters: string[], options: CommandOptions): Promise<void> {
  if (options.gradients) {
    process.exitCode = await runCheck(undefined, filters, options);
    return;
  }
  const tuning = await readTuning(options.tuning);
  const platform = nodePlatform();
  try {
    const { precision = 'f32' } = options;
    const device = await Device.open(platform, { ...tuning, precision });
    try {
      process.exitCode = await runCheck(device, filters, options);
    } finally {
      device.destroy();
    }
  } finally {
    platform.dispose();
  }
}

/** The sub-command `check`. */
export function checkCommand(): Command {
  return new Command('check')
    .description(
      'hold every kernel against its float64 reference on this adapter, within the derived tolerance',
    )
    .argument('[filter...]', 'part of a name, or a whole one such as "conv2d:forward:C=64;H=33;W=17;K=128"')
    .option('--gradients', "only the references' gradients against finite differences; needs no adapter")
    .addOption(tuningOption())
    .addOption(precisionOption())
    .option('--json', 'print one JSON document')
    .action(action);
}

/** The sub-command `gradcheck`: `check --gradients`. */
export function gradcheckCommand(): Command {
  return new Command('gradcheck')
    .description("hold the references' gradients against finite differences (the same as check --gradients)")
    .argument('[filter...]', 'part of a name, or a whole one')
    .option('--json', 'print one JSON document')
    .action((filters: string[], options: CheckOptions) => action(filters, { ...options, gradients: true }));
}
