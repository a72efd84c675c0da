// What `facet tune` does: record steps, measure what the table lacks, keep each result as it comes.
import { Device } from '../../src/gpu/device.js';
import { loadTable, saveEntries } from '../../src/gpu/tuning-store.js';
import { emptyTable, type TuningEntry, tableKey } from '../../src/gpu/tuning-table.js';
import { bucketKey, type TuneItem } from '../../src/graph/tunables.js';
import { tunable, tune } from '../../src/graph/tune.js';
import { nodePlatform } from '../../src/platform/node.js';
import { loadManifest } from '../node/weights.js';
import { describeReport, tuneReport } from '../tune-report.js';
import { stepItems } from '../tune-steps.js';
import { INTERRUPTED, interruptible } from './interrupt.js';
import { duration } from './step-line.js';
import type { TuneArguments } from './tune.js';
import { TuneBar } from './tune-bar.js';
import { note, storeOf } from './tune-table.js';

const NOTICE = 'stopping after this run; what is measured is kept (again: at once) …';
const EXIT_FAILURE = 1;

/** Runs the command; resolves to the exit code: 0, 1 where a candidate was rejected, 130 where it was interrupted. */
export async function runTune(args: TuneArguments): Promise<number> {
  // Dawn rounds timestamps to some 65 microseconds unless told otherwise.
  const platform = nodePlatform(['disable-dawn-features=timestamp_quantization']);
  let device: Device | undefined;
  try {
    device = await Device.open(platform, { onNote: note, precision: args.precision });
    const store = storeOf(platform);
    const empty = emptyTable(device.adapter, platform);
    const all = tunable(
      device,
      await stepItems(device, args.net, args.size, note, (net) => loadManifest(net, 'style')),
    );
    const known = new Set((await loadTable(store, empty, note)).entries.map(bucketKey));
    const todo = all.filter((item) => args.again || !known.has(bucketKey(item.tunable)));
    const save = (entry: TuningEntry) => saveEntries(store, empty, [entry], note);
    const outcome = await measure(device, todo, args, save);
    const table = await loadTable(store, empty, note);
    const report = tuneReport(device.adapter, table, store.where(tableKey(empty)));
    const { measured, isInterrupted } = outcome;
    const facts = { wanted: all.length, measured: measured.length, left: todo.length - measured.length };
    console.log(
      args.json
        ? JSON.stringify({ ...report, ...facts, interrupted: isInterrupted }, undefined, 2)
        : `${describeReport(report)}${todo.length === 0 ? '\nnothing new to measure (--again measures anew)' : ''}`,
    );
    if (facts.left > 0) note(`${facts.left} of ${todo.length} buckets are left; the same command goes on`);
    return exitCode(measured, isInterrupted);
  } finally {
    device?.destroy();
    platform.dispose();
  }
}

async function measure(
  device: Device,
  todo: readonly TuneItem[],
  { repetitions, timeLimit, json }: TuneArguments,
  save: (entry: TuningEntry) => Promise<void>,
): Promise<{ measured: TuningEntry[]; isInterrupted: boolean }> {
  const bar = new TuneBar({ quiet: json === true });
  if (todo.length > 0 && !json) {
    bar.note(`${device.adapter.description || device.adapter.device} · ${todo.length} buckets to measure`);
  }
  const started = performance.now();
  return interruptible(bar, NOTICE, async (signal) => {
    const limits = timeLimit === undefined ? [] : [AbortSignal.timeout(timeLimit * 1000)];
    const measured = await tune(device, todo, {
      repetitions,
      signal: AbortSignal.any([signal, ...limits]),
      onProgress: (progress) => bar.progress(progress),
      onEntry: async (entry) => {
        bar.entry(entry);
        for (const [name, reason] of Object.entries(entry.rejected ?? {})) {
          bar.note(`facet: ${entry.family} ${entry.bucket}: ${name} is not used: ${reason}`);
        }
        await save(entry);
      },
    });
    bar.stop();
    if (!json && measured.length > 0) {
      bar.note(`measured ${measured.length} in ${duration((performance.now() - started) / 1000)}`);
    }
    return { measured, isInterrupted: signal.aborted };
  });
}

function exitCode(measured: readonly TuningEntry[], isInterrupted: boolean): number {
  if (isInterrupted) return INTERRUPTED;
  return measured.some(({ rejected }) => rejected !== undefined) ? EXIT_FAILURE : 0;
}
