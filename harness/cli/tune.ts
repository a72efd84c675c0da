// `facet tune`: which of several ways of computing an op is fastest on this adapter, measured and kept.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import type { Precision } from '../../src/gpu/kernel.js';
import { FEWEST_REPETITIONS } from '../../src/graph/tune.js';
import { VGG_NETS } from '../../src/nets/vgg.js';
import { oneOf, precisionOption, realNumber, wholeNumber } from './arguments.js';
import { runTune } from './tune-run.js';
import { clearTable, exportTable, importTable, showTable } from './tune-table.js';

/** Options of `facet tune`, as commander hands them over. */
export interface TuneArguments {
  readonly net: readonly string[];
  readonly size: readonly number[];
  readonly repetitions: number;
  readonly precision: Precision;
  readonly timeLimit?: number;
  readonly again?: boolean;
  readonly show?: boolean;
  readonly export?: string;
  readonly import?: string;
  readonly clear?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Sides that the nets can take. */
const SMALLEST = 32;
const LARGEST = 16384;

/** The sub-command `tune`. */
export function tuneCommand(): Command {
  const net = oneOf('--net', VGG_NETS);
  const size = wholeNumber('--size');
  const command = new Command('tune')
    .description(
      'measure which of several ways of computing an op is fastest on this adapter, and keep that for later runs',
    )
    .optionsGroup('What is measured: the ops of style steps that are not in the table yet')
    .option(
      '--net <name...>',
      `whose step: ${VGG_NETS.join(' | ')} (default: vgg19-slim and vgg19; their weights are not needed)`,
      (text: string, all: string[] | undefined) => [...(all ?? []), net(text)],
    )
    .option(
      '--size <pixels...>',
      'sides of the square pictures (default: 128, 256 and 512 as far as they fit)',
      (text: string, all: number[] | undefined) => [...(all ?? []), size(text)],
    )
    .option('--repetitions <n>', 'timed rounds, of which the median counts', wholeNumber('--repetitions'), 7)
    .option(
      '--time-limit <seconds>',
      'stop after so long; what is measured is kept',
      realNumber('--time-limit'),
    )
    .addOption(precisionOption())
    .option('--again', 'measure what is in the table, too')
    .optionsGroup('The table instead:')
    .option('--show', 'print the table, where it is kept and the preset for this adapter; measures nothing')
    .option('--export <file>', 'write the table there, for --import and for --tuning of other commands')
    .option('--import <file>', 'take the entries of a table of this adapter, driver and runtime')
    .option('--clear', 'forget what was measured on this adapter')
    .optionsGroup('Output:')
    .option('--force', 'replace the file of --export; --import the table of another adapter')
    .option('--json', 'print JSON');
  command.action(async (given: Partial<TuneArguments>) => {
    const isGiven = (name: string) => command.getOptionValueSource(name) === 'cli';
    process.exitCode = await runAction(
      {
        ...given,
        net: given.net ?? ['vgg19-slim', 'vgg19'],
        size: given.size ?? [128, 256, 512],
        repetitions: given.repetitions!,
        precision: given.precision!,
      },
      isGiven,
    );
  });
  return command;
}

async function runAction(args: TuneArguments, isGiven: (name: string) => boolean): Promise<number> {
  const actions = ['show', 'export', 'import', 'clear'].filter(isGiven);
  if (actions.length > 1) {
    throw new InputError(`give one of ${actions.map((name) => `--${name}`).join(', ')}`);
  }
  const [action] = actions;
  if (action) {
    const unused = ['net', 'size', 'repetitions', 'timeLimit', 'precision', 'again'].filter(isGiven);
    if (unused.length > 0)
      throw new InputError(`--${action} measures nothing: leave out ${unused.map(flag).join(', ')}`);
  }
  if (args.force && args.export === undefined && args.import === undefined) {
    throw new InputError('--force goes with --export or --import');
  }
  if (args.show) return showTable(args.json === true);
  if (args.export !== undefined) return exportTable(args.export, { force: args.force === true });
  if (args.import !== undefined) return importTable(args.import, { force: args.force === true });
  if (args.clear) return clearTable();
  checkNumbers(args);
  return runTune(args);
}

function flag(name: string): string {
  return name === 'timeLimit' ? '--time-limit' : `--${name}`;
}

function checkNumbers({ size, repetitions, timeLimit }: TuneArguments): void {
  for (const side of size) {
    if (side < SMALLEST || side > LARGEST)
      throw new InputError(`--size must be in ${SMALLEST}..${LARGEST}, got ${side}`);
  }
  if (repetitions < FEWEST_REPETITIONS)
    throw new InputError(`--repetitions must be at least ${FEWEST_REPETITIONS}, got ${repetitions}`);
  if (timeLimit !== undefined && !(timeLimit > 0))
    throw new InputError(`--time-limit must be above 0, got ${timeLimit}`);
}
