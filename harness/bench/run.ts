// Times every op, optimiser and search on a device: the same in `facet bench` and in the studio.
import { InputError } from '../../src/base/errors.js';
import type { Device } from '../../src/gpu/device.js';
import { families, searchFamilies, stepFamilies } from '../cases/index.js';
import type { Scope } from '../variants.js';
import { measureCeilings } from './ceilings.js';
import { type Measurement, measure } from './measure.js';
import { type BenchSet, benchNames, benchSet } from './programs.js';
import { type BenchHost, type BenchRecord, benchRecord } from './report.js';
import { searchBenchNames, searchBenchSet } from './searches.js';
import { stepBenchNames, stepBenchSet } from './steps.js';

/** What to time, and whom to tell. */
export interface BenchOptions {
  /** Parts of names; what contains one of them is timed. */
  readonly filters: readonly string[];
  /** Timed rounds, at least 5. */
  readonly repetitions: number;
  readonly host: BenchHost;
  /** Also the candidates of GPUs where the adapter is none, and those of mixed precision. */
  readonly allVariants?: boolean;
  /** Told of each op before its programs are compiled. */
  readonly onOp?: (name: string) => void;
  /** Ends the work between two ops; the record then has those that were timed. */
  readonly signal?: AbortSignal;
}

/** Rounds below which medians and spreads say nothing. */
export const FEWEST_REPETITIONS = 5;

/**
 * Times the selected entries on `device`, each after a check of its kernels. InputError where nothing is selected,
 * FacetError where a result is wrong.
 */
export async function runBench(device: Device, options: BenchOptions): Promise<BenchRecord> {
  const { filters, repetitions, host, signal } = options;
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
    if (signal?.aborted) break;
    options.onOp?.(name);
    const set = await compile(isWanted);
    try {
      results.push(...(await measure(device, set.timed, repetitions)));
    } finally {
      set.destroy();
    }
  }
  return benchRecord(device, host, repetitions, ceilings, results);
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
