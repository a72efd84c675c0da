// `facet bench`: how fast every op, optimiser and search runs on this machine's adapter, beside what the adapter can do at best.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { Device } from '../../src/gpu/device.js';
import type { Precision } from '../../src/gpu/kernel.js';
import { nodePlatform } from '../../src/platform/node.js';
import { measureCeilings } from '../bench/ceilings.js';
import { type Measurement, measure } from '../bench/measure.js';
import { type BenchSet, benchNames, benchSet } from '../bench/programs.js';
import {
  alignRows,
  assertComparable,
  type BenchRecord,
  benchRecord,
  headLines,
  markdownRows,
  readRecord,
  tableRows,
} from '../bench/report.js';
import { searchBenchNames, searchBenchSet } from '../bench/searches.js';
import { stepBenchNames, stepBenchSet } from '../bench/steps.js';
import { families, searchFamilies, stepFamilies } from '../cases/index.js';
import { checkWritable, writeAtomically } from '../node/overwrite.js';
import type { Scope } from '../variants.js';
import { precisionOption, wholeNumber } from './arguments.js';
import { readTuning, tuningOption } from './tuning-option.js';

/** What to time, and whom to tell. */
export interface BenchOptions {
  /** Parts of names; what contains one of them is timed. */
  readonly filters: readonly string[];
  /** Timed rounds, at least 5. */
  readonly repetitions: number;
  /** Also the candidates of GPUs where the adapter is none, and those of mixed precision. */
  readonly allVariants?: boolean;
  /** Told of each op before its programs are compiled. */
  readonly onOp?: (name: string) => void;
}

const FEWEST_REPETITIONS = 5;

/**
 * Times the selected entries on `device`, each after a check of its kernels. InputError where nothing is selected,
 * FacetError where a result is wrong.
 */
export async function runBench(device: Device, options: BenchOptions): Promise<BenchRecord> {
  const { filters, repetitions } = options;
  const isWanted = (name: string) => filters.length === 0 || filters.some((filter) => name.includes(filter));
  const entries = benchEntries(device, options.allVariants ? 'gpu' : 'own');
  const chosen = entries.filter(({ names }) => names.some(isWanted));
  if (chosen.length === 0) {
    const ops = entries.map(({ name }) => name).join(', ');
    throw new InputError(`bench: nothing is named like ${filters.join(' or ')}; names begin with ${ops}`);
  }
  options.onOp?.('limits of the adapter');
  const ceilings = await measureCeilings(device, repetitions);
  const results: Measurement[] = [];
  for (const { name, compile } of chosen) {
    options.onOp?.(name);
    const set = await compile(isWanted);
    try {
      results.push(...(await measure(device, set.timed, repetitions)));
    } finally {
      set.destroy();
    }
  }
  return benchRecord(device, repetitions, ceilings, results);
}

/** Bench entries of one op, optimiser or search. */
interface BenchEntry {
  readonly name: string;
  readonly names: readonly string[];
  compile(isWanted: (name: string) => boolean): Promise<BenchSet>;
}

function benchEntries(device: Device, scope: Scope): BenchEntry[] {
  return [
    ...families.map((f) => ({
      name: f.op.name,
      names: benchNames(f, device.target, scope),
      compile: (isWanted: (name: string) => boolean) => benchSet(device, f, scope, isWanted),
    })),
    ...stepFamilies.map((f) => ({
      name: f.name,
      names: stepBenchNames(f),
      compile: (isWanted: (name: string) => boolean) => stepBenchSet(device, f, isWanted),
    })),
    ...searchFamilies.map((f) => ({
      name: f.name,
      names: searchBenchNames(f),
      compile: (isWanted: (name: string) => boolean) => searchBenchSet(device, f, isWanted),
    })),
  ];
}

interface CommandOptions {
  readonly filter: string[];
  readonly repetitions: number;
  readonly allVariants?: boolean;
  readonly precision: Precision;
  readonly json?: string;
  readonly force?: boolean;
  readonly markdown?: boolean;
  readonly compare?: string;
  readonly tuning?: string;
}

async function action(options: CommandOptions): Promise<void> {
  if (options.repetitions < FEWEST_REPETITIONS) {
    throw new InputError(`--repetitions must be at least ${FEWEST_REPETITIONS}, got ${options.repetitions}`);
  }
  const tuning = await readTuning(options.tuning);
  const old = options.compare === undefined ? undefined : readRecord(options.compare);
  if (old) assertComparable(old, options.precision, options.compare!);
  if (options.json !== undefined) await checkWritable(options.json, options);
  // Dawn rounds timestamps to some 65 microseconds unless told otherwise: more than a small kernel takes.
  const platform = nodePlatform(['disable-dawn-features=timestamp_quantization']);
  let record: BenchRecord;
  try {
    const device = await Device.open(platform, { ...tuning, precision: options.precision });
    try {
      const onOp = (name: string) => process.stderr.write(`bench: ${name}\n`);
      const { filter: filters, repetitions, allVariants = false } = options;
      record = await runBench(device, { filters, repetitions, allVariants, onOp });
    } finally {
      device.destroy();
    }
  } finally {
    platform.dispose();
  }
  const rows = tableRows(record, old);
  const head = headLines(record);
  if (old) head.push(`speed-up over commit ${old.commit} on ${old.driver} (~: within the spread)`);
  console.log(
    options.markdown ? `${head.map((line) => `    ${line}`).join('\n')}\n` : `${head.join('\n')}\n`,
  );
  console.log((options.markdown ? markdownRows(rows) : alignRows(rows)).join('\n'));
  if (options.json !== undefined) {
    await writeAtomically(options.json, `${JSON.stringify(record, undefined, 2)}\n`, options);
  }
}

/** The sub-command `bench`. */
export function benchCommand(): Command {
  return new Command('bench')
    .description(
      'time every op, forward and backward, and every optimiser, beside the measured limits of this adapter',
    )
    .option('--filter <text...>', 'only what contains one of these, such as conv2d:backward', [])
    .option('--repetitions <n>', 'timed rounds, of which the median counts', wholeNumber('--repetitions'), 7)
    .addOption(tuningOption())
    .option('--all-variants', 'also what is made for GPUs where the adapter is none, and mixed precision')
    .addOption(precisionOption())
    .option('--json <file>', 'also write the results there')
    .option('--force', 'replace an existing file')
    .option('--markdown', 'print a Markdown table')
    .option('--compare <file>', 'print the speed-up over the results in this file')
    .action(action);
}
