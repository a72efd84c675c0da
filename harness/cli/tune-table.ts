// `facet tune --show`, `--export`, `--import` and `--clear`: the table of this machine's adapter, without a device.
import { DeviceLostError, InputError } from '../../src/base/errors.js';
import { type AdapterReport, findAdapter, reportAdapter } from '../../src/gpu/device.js';
import { loadTable, saveEntries } from '../../src/gpu/tuning-store.js';
import {
  emptyTable,
  encodeTable,
  isSameAdapter,
  type TuningTable,
  tableKey,
} from '../../src/gpu/tuning-table.js';
import { nodePlatform } from '../../src/platform/node.js';
import type { KeyValueStore, Platform } from '../../src/platform/platform.js';
import { checkWritable, writeAtomically } from '../node/overwrite.js';
import { describeReport, tuneReport } from '../tune-report.js';
import { readTable } from './tuning-option.js';

/** The store of a platform in Node. */
export function storeOf(platform: Platform): KeyValueStore {
  if (!platform.store) throw new InputError('this platform keeps no tuning tables');
  return platform.store;
}

/** One line on standard error. */
export function note(line: string): void {
  process.stderr.write(`note: ${line}\n`);
}

/** What the table of this machine's adapter is asked of. */
interface Kept {
  readonly adapter: AdapterReport;
  readonly store: KeyValueStore;
  readonly empty: TuningTable;
  /** Where the table lies. */
  readonly file: string;
}

async function withTable(work: (kept: Kept) => Promise<void>): Promise<number> {
  const platform = nodePlatform();
  try {
    const found = await findAdapter(platform);
    if (!found) {
      throw new DeviceLostError(
        'no WebGPU adapter was found; `facet doctor` says what is missing and how to mend it',
      );
    }
    const adapter = reportAdapter(found);
    const empty = emptyTable(adapter, platform);
    const store = storeOf(platform);
    await work({ adapter, store, empty, file: store.where(tableKey(empty)) });
    return 0;
  } finally {
    platform.dispose();
  }
}

/** `--show`. */
export function showTable(json: boolean): Promise<number> {
  return withTable(async ({ adapter, store, empty, file }) => {
    const report = tuneReport(adapter, await loadTable(store, empty, note), file);
    console.log(json ? JSON.stringify(report, undefined, 2) : describeReport(report));
  });
}

/** `--export`. InputError where there is nothing to write, or no place. */
export async function exportTable(path: string, options: { force: boolean }): Promise<number> {
  await checkWritable(path, options);
  return withTable(async ({ store, empty, file }) => {
    const table = await loadTable(store, empty, note);
    if (table.entries.length === 0) {
      throw new InputError(`--export: nothing is measured on ${nameOf(empty)} yet (${file}): run facet tune`);
    }
    await writeAtomically(path, encodeTable(table), options);
    console.log(`${path}: ${counted(table)} of ${nameOf(table)}`);
  });
}

/** `--import`. InputError where the file is no table, or, without `force`, one of another adapter. */
export async function importTable(path: string, { force }: { force: boolean }): Promise<number> {
  const table = await readTable(path, '--import');
  return withTable(async ({ store, empty, file }) => {
    if (!isSameAdapter(table, empty) && !force) {
      throw new InputError(
        `--import ${path}: was measured on ${nameOf(table)}, this is ${nameOf(empty)}; --force takes it all the same`,
      );
    }
    await saveEntries(store, empty, table.entries, note);
    console.log(`${file}: took ${counted(table)} of ${nameOf(table)}`);
  });
}

/** `--clear`. */
export function clearTable(): Promise<number> {
  return withTable(async ({ store, empty, file }) => {
    const table = await loadTable(store, empty, note);
    await store.delete(tableKey(empty));
    console.log(`${file}: forgot ${counted(table)}`);
  });
}

function nameOf({ adapter, runtime, facet }: TuningTable): string {
  return `${adapter.description || adapter.device || adapter.vendor || 'an unnamed adapter'} with ${runtime} and facet ${facet}`;
}

function counted({ entries }: TuningTable): string {
  return `${entries.length} ${entries.length === 1 ? 'bucket' : 'buckets'}`;
}
