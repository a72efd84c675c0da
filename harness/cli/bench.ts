// `facet bench`: how fast every op, optimiser and search runs on this machine's adapter, beside what the adapter can do at best.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { Device } from '../../src/gpu/device.js';
import type { Precision } from '../../src/gpu/kernel.js';
import { nodePlatform } from '../../src/platform/node.js';
import { nodeHost, readRecord } from '../bench/host.js';
import { assertComparable, type BenchRecord, headLines, tableRows } from '../bench/report.js';
import { FEWEST_REPETITIONS, runBench } from '../bench/run.js';
import { alignRows, markdownRows } from '../bench/table.js';
import { checkWritable, writeAtomically } from '../node/overwrite.js';
import { precisionOption, wholeNumber } from './arguments.js';
import { readTuning, tuningOption } from './tuning-option.js';

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
      record = await runBench(device, { filters, repetitions, allVariants, onOp, host: nodeHost() });
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
