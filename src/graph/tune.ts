// The autotuner: every op that can be computed in several ways is computed in each of them, alone, and timed.
import { InputError } from '../base/errors.js';
import { median } from '../base/statistics.js';
import type { Device } from '../gpu/device.js';
import type { TuningEntry } from '../gpu/tuning-table.js';
import type { Program } from './program.js';
import { type RaceTimes, race, winner } from './race.js';
import type { TuneItem } from './tunables.js';
import { distinctCandidates, type PreparedItem, prepareItem } from './tune-item.js';

export interface TuneOptions {
  /** Timed rounds of each candidate, at least 3; 7 unless said. */
  readonly repetitions?: number;
  /** Called before each item, and at the end. */
  readonly onProgress?: (progress: TuneProgress) => void;
  /** Given each entry as soon as it is measured; a promise is awaited. */
  readonly onEntry?: (entry: TuningEntry) => void | Promise<void>;
  /** Ends the work; what is measured by then is returned. */
  readonly signal?: AbortSignal;
}

export interface TuneProgress {
  /** Items done, of `total`. */
  readonly done: number;
  readonly total: number;
  /** What comes next; undefined at the end. */
  readonly next: TuneItem | undefined;
}

const REPETITIONS = 7;
const FEWEST_REPETITIONS = 3;
/** A batch of runs takes about this long, so that the wait for its end does not count. */
const BATCH_MS = 20;
const MAX_BATCH = 100;
/** Runs that take less than this are timed in batches: browsers round timestamps to a tenth of a millisecond. */
const LEAST_CLOCK_MS = 2;

/** Those of `items` for which the adapter has a choice. */
export function tunable(device: Device, items: readonly TuneItem[]): TuneItem[] {
  return items.filter((item) => distinctCandidates(item, device.target).length > 1);
}

/**
 * Times the candidates of each item on `device` and returns an entry for each with its choice. All candidates must
 * agree with the default before any is timed; one that does not is in the entry's `rejected` and never chosen. A
 * challenger replaces the default only where it wins clearly (see `winner`). KernelError where a default itself is
 * broken.
 */
export async function tune(
  device: Device,
  items: readonly TuneItem[],
  options: TuneOptions = {},
): Promise<TuningEntry[]> {
  const { repetitions = REPETITIONS, onProgress, onEntry, signal } = options;
  if (!Number.isInteger(repetitions) || repetitions < FEWEST_REPETITIONS) {
    throw new InputError(
      `repetitions must be a whole number of at least ${FEWEST_REPETITIONS}, got ${repetitions}`,
    );
  }
  const entries: TuningEntry[] = [];
  const todo = tunable(device, items);
  for (const [done, item] of todo.entries()) {
    if (signal?.aborted) return entries;
    onProgress?.({ done, total: todo.length, next: item });
    const entry = await tuneItem(device, item, repetitions, signal);
    if (!entry) return entries;
    entries.push(entry);
    await onEntry?.(entry);
  }
  onProgress?.({ done: todo.length, total: todo.length, next: undefined });
  return entries;
}

/** One item's entry; undefined where `signal` ended it. */
async function tuneItem(
  device: Device,
  item: TuneItem,
  repetitions: number,
  signal: AbortSignal | undefined,
): Promise<TuningEntry | undefined> {
  const { family, bucket } = item.tunable;
  const prepared = await prepareItem(device, item, distinctCandidates(item, device.target));
  try {
    const times = await race(await lanesOf(device, prepared), repetitions, signal);
    if (!times) return undefined;
    const isRejecting = Object.keys(prepared.rejected).length > 0;
    return {
      family,
      bucket,
      choice: winner(times),
      default: prepared.candidates[0]!.name,
      ms: medians(times),
      ...(isRejecting ? { rejected: { ...prepared.rejected } } : {}),
    };
  } finally {
    prepared.destroy();
  }
}

function medians(times: RaceTimes): Record<string, number> {
  return Object.fromEntries([...times].map(([name, all]) => [name, Number(median(all).toPrecision(4))]));
}

/** The candidates with one clock for all: the adapter's own where it sees all of the work, else the wall's. */
async function lanesOf(device: Device, { candidates }: PreparedItem) {
  const lanes = [];
  let hasClock = device.gpu.features.has('timestamp-query');
  for (const { name, program } of candidates) {
    await wallMs(device, program, 1);
    const once = await wallMs(device, program, 1);
    const batch = Math.min(MAX_BATCH, Math.max(1, Math.round(BATCH_MS / once)));
    // Timestamps leave out the copies in front of the first dispatch, and say little of short runs.
    hasClock &&= once >= LEAST_CLOCK_MS && program.plan.textures.copies.every(({ before }) => before > 0);
    lanes.push({ name, program, batch });
  }
  return lanes.map(({ name, program, batch }) => ({
    name,
    time: hasClock ? () => clockMs(program) : () => wallMs(device, program, batch),
  }));
}

async function clockMs(program: Program): Promise<number> {
  return (await program.profile()).reduce((sum, { ms }) => sum + ms, 0);
}

/** Milliseconds of one run out of `count` submitted together; the timer starts before the first submit. */
async function wallMs(device: Device, program: Program, count: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) program.run();
  await device.sync();
  return (performance.now() - start) / count;
}
