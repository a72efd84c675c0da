// Benchmarks, checks and tuning in the worker: the same code as `facet bench`, `facet check` and `facet tune`.
import { InputError } from '../../../../src/base/errors.js';
import type { Precision } from '../../../../src/gpu/kernel.js';
import { loadTable, saveEntries } from '../../../../src/gpu/tuning-store.js';
import { emptyTable, tableKey } from '../../../../src/gpu/tuning-table.js';
import { bucketKey } from '../../../../src/graph/tunables.js';
import { tunable, tune } from '../../../../src/graph/tune.js';
import { FACET_VERSION } from '../../version.js';
import { webManifest } from '../../weights.js';
import type { WorkerContext } from '../../worker/context.js';
import type { Job } from '../../worker/messages.js';
import { withDevice } from './device.js';

export interface BenchParams {
  /** Parts of names; empty for everything. */
  readonly filters: readonly string[];
  readonly repetitions: number;
  readonly precision: Precision;
}

export type MeasureEvent =
  | { readonly type: 'next'; readonly name: string }
  | { readonly type: 'share'; readonly done: number; readonly total: number; readonly name: string };

/** A table as Node prints it: lines above, a row of headings, rows. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The job `hoodBench`. InputError where nothing is named so, FacetError where a result is wrong. */
export function benchJob(context: WorkerContext): Job<BenchParams, MeasureEvent, never, Table> {
  return async ({ filters, repetitions, precision }, { emit, signal }) => {
    const [{ runBench }, { headLines, tableRows }] = await Promise.all([
      import('../../../bench/run.js'),
      import('../../../bench/report.js'),
    ]);
    return withDevice(context, { precision }, async (device) => {
      const record = await runBench(device, {
        filters,
        repetitions,
        signal,
        host: {
          cpu: `${globalThis.navigator.hardwareConcurrency} threads`,
          commit: `facet ${FACET_VERSION}`,
        },
        onOp: (name) => emit({ type: 'next', name }),
      });
      return { head: headLines(record), rows: tableRows(record) };
    });
  };
}

export interface CheckParams {
  readonly filters: readonly string[];
  /** Only the references' gradients against finite differences. */
  readonly gradients: boolean;
  readonly precision: Precision;
}

/** What the checks came to. */
export interface Checked {
  readonly done: number;
  readonly total: number;
  readonly passed: number;
  readonly failed: readonly { readonly name: string; readonly worst: number; readonly report: string }[];
  /** The largest error in units of its tolerance. */
  readonly worst: { readonly name: string; readonly worst: number };
  /** By op: comparisons, failures, largest error over tolerance. */
  readonly rows: readonly (readonly [string, number, number, number])[];
}

/** The job `hoodCheck`: every op, optimiser and search, or those that are named. Ends early where it is cancelled. */
export function checkJob(context: WorkerContext): Job<CheckParams, MeasureEvent, never, Checked> {
  return async ({ filters, gradients, precision }, { emit, signal }) => {
    const { selectChecks } = await import('../../../check-jobs.js');
    const run = async (device: Parameters<typeof selectChecks>[0]): Promise<Checked> => {
      const { jobs, isWanted } = selectChecks(device, filters);
      const results = [];
      let done = 0;
      for (const job of jobs) {
        if (signal.aborted) break;
        emit({ type: 'share', done, total: jobs.length, name: job.names[0]! });
        results.push(...(await job.run()).filter(({ name }) => isWanted(name)));
        done++;
        // Gradients alone never wait for a GPU: cancelling must be heard all the same.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      if (results.length === 0) throw new InputError('check: stopped before anything was compared');
      const rows = new Map<string, [string, number, number, number]>();
      for (const { name, ok, worst } of results) {
        const op = name.slice(0, name.indexOf(':'));
        const row = rows.get(op) ?? [op, 0, 0, 0];
        rows.set(op, [op, row[1] + 1, row[2] + Number(!ok), Math.max(row[3], worst)]);
      }
      const failed = results.filter(({ ok }) => !ok);
      return {
        done,
        total: jobs.length,
        passed: results.length - failed.length,
        failed,
        worst: results.reduce((a, b) => (b.worst > a.worst ? b : a)),
        rows: [...rows.values()],
      };
    };
    return gradients ? run(undefined) : withDevice(context, { precision }, run);
  };
}

export interface TuneParams {
  readonly nets: readonly string[];
  readonly sizes: readonly number[];
  readonly repetitions: number;
  readonly precision: Precision;
  /** Measures what is in the table, too. */
  readonly again: boolean;
}

/** The table after tuning, as Node prints it. */
export interface Tuned {
  readonly measured: number;
  readonly left: number;
  readonly notes: readonly string[];
  readonly report: string;
}

/** The job `hoodTune`: what the table lacks of these nets and sizes; each result is kept as it comes. */
export function tuneJob(context: WorkerContext): Job<TuneParams, MeasureEvent, never, Tuned> {
  return async ({ nets, sizes, repetitions, precision, again }, { emit, signal }) => {
    const [{ stepItems }, { describeReport, tuneReport }] = await Promise.all([
      import('../../../tune-steps.js'),
      import('../../../tune-report.js'),
    ]);
    const notes: string[] = [];
    const note = (line: string) => notes.push(line);
    const { platform } = context;
    const { store } = platform;
    if (!store)
      throw new InputError('this browser keeps nothing for this page, so that no tuning would stay');
    return withDevice(context, { precision, onNote: note }, async (device) => {
      const empty = emptyTable(device.adapter, platform);
      const all = tunable(device, await stepItems(device, nets, sizes, note, webManifest));
      const known = new Set((await loadTable(store, empty, note)).entries.map(bucketKey));
      const todo = all.filter((item) => again || !known.has(bucketKey(item.tunable)));
      const measured = await tune(device, todo, {
        repetitions,
        signal,
        onProgress: ({ done, total, next }) =>
          emit({ type: 'share', done, total, name: next ? bucketKey(next.tunable) : '' }),
        onEntry: async (entry) => {
          for (const [name, reason] of Object.entries(entry.rejected ?? {}))
            note(`${entry.family} ${entry.bucket}: ${name} is not used: ${reason}`);
          await saveEntries(store, empty, [entry], note);
        },
      });
      const table = await loadTable(store, empty, note);
      return {
        measured: measured.length,
        left: todo.length - measured.length,
        notes,
        report: describeReport(tuneReport(device.adapter, table, store.where(tableKey(empty)))),
      };
    });
  };
}
