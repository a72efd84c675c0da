// The autotuner: every op that can be computed in several ways is computed in each of them, alone, and timed.
import { InputError } from '../base/errors.js';
import { median } from '../base/statistics.js';
import type { Device } from '../gpu/device.js';
import type { TuningEntry } from '../gpu/tuning-table.js';
import { clockMs, wallBatch, wallMs } from './clock.js';
import { type Lane, type RaceTimes, race, winner } from './race.js';
import type { TuneItem } from './tunables.js';
import { distinctCandidates, type PreparedItem, prepareItem } from './tune-item.js';

/** How long, and until when, `tune` measures. */
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

/** How far `tune` is. */
export interface TuneProgress {
  /** Items done, of `total`. */
  readonly done: number;
  readonly total: number;
  /** What comes next; undefined at the end. */
  readonly next: TuneItem | undefined;
}

const REPETITIONS = 7;
/** Rounds below which a median says nothing. */
export const FEWEST_REPETITIONS = 3;
/** A batch of runs takes about this long, so that the wait for its end does not count. */
const BATCH_MS = 20;
/** So much is summed up by timestamps, as browsers round each to a tenth of a millisecond. */
const LEAST_CLOCK_MS = 2;
const MAX_CLOCK_BATCH = 1000;
/** Where timestamps give nothing for so many runs together, they stand still. */
const PATIENT_RUNS = 100;

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

/** The candidates with one clock for all: the adapter's own where it has one that sees all of the work, else the wall's. */
async function lanesOf(device: Device, { candidates }: PreparedItem): Promise<Lane[]> {
  const batches = await clockBatches(device, candidates);
  const lanes: Lane[] = [];
  for (const [i, { name, program }] of candidates.entries()) {
    if (batches) {
      lanes.push({ name, time: () => clockMs(program, batches[i]!) });
    } else {
      const batch = await wallBatch(device, program, BATCH_MS);
      lanes.push({ name, time: () => wallMs(device, program, batch) });
    }
  }
  return lanes;
}

/**
 * For each candidate the runs whose timestamps add up to LEAST_CLOCK_MS. Undefined where the adapter has no timestamps,
 * where they stand still, and where they leave out the copies in front of a first dispatch.
 */
async function clockBatches(
  device: Device,
  candidates: PreparedItem['candidates'],
): Promise<number[] | undefined> {
  if (!device.gpu.features.has('timestamp-query')) return undefined;
  const isSeen = ({ program }: (typeof candidates)[number]) =>
    program.plan.textures.copies.every(({ before }) => before > 0);
  if (!candidates.every(isSeen)) return undefined;
  const batches: number[] = [];
  for (const { program } of candidates) {
    await clockMs(program, 1);
    // What passes unnoticed in one run may be told by many together.
    const once = (await clockMs(program, 1)) || (await clockMs(program, PATIENT_RUNS));
    if (once === 0) return undefined;
    batches.push(Math.min(MAX_CLOCK_BATCH, Math.max(1, Math.ceil(LEAST_CLOCK_MS / once))));
  }
  return batches;
}
