// A tuning table for people and as JSON.
import type { Choices } from '../src/gpu/choices.js';
import type { AdapterReport } from '../src/gpu/device.js';
import { presetFor } from '../src/gpu/presets.js';
import type { TuningEntry, TuningTable } from '../src/gpu/tuning-table.js';
import { alignRows } from './bench/table.js';

/** What `facet tune` and `facet tune --show` print. */
export interface TuneReport {
  readonly adapter: TuningTable['adapter'];
  readonly runtime: string;
  /** Version of Facet. */
  readonly facet: string;
  /** Where the table is kept. */
  readonly file: string;
  readonly preset: { readonly name: string; readonly basis: string; readonly choices: Choices };
  readonly entries: readonly TuningEntry[];
}

/** The report of a table of `adapter`. */
export function tuneReport(adapter: AdapterReport, table: TuningTable, file: string): TuneReport {
  const { name, basis, choices } = presetFor(adapter);
  return {
    adapter: table.adapter,
    runtime: table.runtime,
    facet: table.facet,
    file,
    preset: { name, basis, choices },
    entries: table.entries,
  };
}

/** The report as text: what it is of, and a row for each entry. */
export function describeReport({ adapter, runtime, facet, file, preset, entries }: TuneReport): string {
  const { vendor, architecture, device, description } = adapter;
  const named = Object.values(preset.choices).reduce((sum, buckets) => sum + Object.keys(buckets).length, 0);
  const differing = entries.filter((e) => e.choice !== e.default).length;
  const head = [
    `adapter  ${[vendor, architecture, device].filter(Boolean).join(' ') || 'unnamed'}`,
    `driver   ${description || 'not told'}`,
    `runtime  ${runtime}, facet ${facet}`,
    `preset   ${preset.name} (${preset.basis}): ${named === 0 ? 'nothing but the defaults' : `${named} choices`}`,
    `table    ${file}`,
  ];
  const presetRows = Object.entries(preset.choices).flatMap(([family, buckets]) =>
    Object.entries(buckets).map(([bucket, choice]) => `         ${family} ${bucket}: ${choice}`),
  );
  head.splice(4, 0, ...presetRows);
  if (entries.length === 0) return [...head, '', 'nothing is measured yet: run facet tune'].join('\n');
  const total = `${entries.length} ${entries.length === 1 ? 'bucket' : 'buckets'}, ${differing} by another way than the default`;
  return [...head, '', ...entryRows(entries), '', total].join('\n');
}

/** A heading, then a row for each entry. */
export function entryRows(entries: readonly TuningEntry[]): string[] {
  const head = ['bucket', 'choice', 'ms', 'runner-up', 'default'];
  const bySize = new Intl.Collator('en', { numeric: true });
  const ordered = entries.toSorted((a, b) =>
    bySize.compare(`${a.family} ${a.bucket}`, `${b.family} ${b.bucket}`),
  );
  const rows = ordered.map((e) => [
    `${e.family} ${e.bucket}`,
    e.choice,
    milliseconds(e.ms[e.choice]!),
    runnerUp(e),
    overDefault(e),
  ]);
  return alignRows([head, ...rows]);
}

function runnerUp({ choice, ms }: TuningEntry): string {
  const [next] = Object.entries(ms)
    .filter(([name]) => name !== choice)
    .toSorted(([, a], [, b]) => a - b);
  return next ? `${next[0]} ${milliseconds(next[1])}` : '-';
}

/** What the choice is faster than, and by how much. */
function overDefault({ choice, default: name, ms }: TuningEntry): string {
  if (choice === name) return 'the same';
  const before = ms[name];
  return before === undefined
    ? name
    : `${name} ${milliseconds(before)} (${(before / ms[choice]!).toFixed(2)}x)`;
}

/** Three digits or so. */
export function milliseconds(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms >= 1 ? ms.toFixed(2) : ms.toFixed(3);
}
