// Options that all trainings share: files, device, time.
import type { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { oneOf, precisionOption, wholeNumber } from './arguments.js';
import { tuningOption } from './tuning-option.js';

/** What `runOptions` adds. */
export interface RunArguments {
  out?: string;
  dtype: 'f16' | 'f32';
  run?: string;
  resume?: boolean;
  force?: boolean;
  logEvery: number;
  checkpointEvery: number;
  precision: 'f32' | 'mixed';
  tuning?: string;
  quiet?: boolean;
  json?: boolean;
}

/** Adds the options of RunArguments; `out` is where the weights go unless said. */
export function runOptions(command: Command, out: string): Command {
  return command
    .optionsGroup('Device:')
    .addOption(precisionOption())
    .addOption(tuningOption())
    .option('--quiet', 'no progress')
    .option('--json', 'print what came out as JSON')
    .optionsGroup('Files:')
    .option('--out <file>', `the weights (default: ${out})`)
    .option('--dtype <type>', 'f16 | f32: of kernels in it', oneOf('--dtype', ['f16', 'f32'] as const), 'f16')
    .option('--run <dir>', 'log, checkpoints and report (default: beside the weights, ending in .run)')
    .option('--resume', 'go on from the last checkpoint')
    .option('--force', 'replace weights and run that exist')
    .option('--log-every <n>', 'steps between lines of the log', wholeNumber('--log-every'), 10)
    .option('--checkpoint-every <n>', 'steps between checkpoints', wholeNumber('--checkpoint-every'), 250);
}

/** Throws InputError unless a number that was given is at least `least`. */
export function atLeast(option: string, value: number | undefined, least: number): void {
  if (value !== undefined && !(value >= least))
    throw new InputError(`${option} must be at least ${least}, got ${value}`);
}

/** Throws InputError unless a number that was given is above 0. */
export function positive(option: string, value: number | undefined): void {
  if (value !== undefined && !(value > 0)) throw new InputError(`${option} must be above 0, got ${value}`);
}

/** Parser of `90s`, `30m`, `2h`: seconds. */
export function timeOf(option: string): (text: string) => number {
  return (text) => {
    const found = /^(\d+(?:\.\d+)?)([smh])$/.exec(text);
    const seconds = found ? Number(found[1]) * { s: 1, m: 60, h: 3600 }[found[2] as 's' | 'm' | 'h'] : 0;
    if (!(seconds > 0))
      throw new InputError(`${option} must be like 90s, 30m or 2h, got ${JSON.stringify(text)}`);
    return seconds;
  };
}
