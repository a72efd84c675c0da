// Times programs by the adapter's own clock where it has one, and by the wall clock beside it.
import { FacetError } from '../../src/base/errors.js';
import { median, quantile } from '../../src/base/statistics.js';
import type { Device } from '../../src/gpu/device.js';
import { clockMs, wallBatch, wallMs } from '../../src/graph/clock.js';
import type { Program } from '../../src/graph/program.js';

/** A program to time, with its arithmetic and least memory traffic of one run. */
export interface Timed {
  readonly name: string;
  readonly program: Program;
  readonly flops: number;
  readonly bytes: number;
}

export interface Measurement {
  readonly name: string;
  /** Median of the sum over dispatches by timestamps; absent where the adapter has none. */
  readonly gpuMs?: number;
  /** Median of a run in a batch of runs, from submit to the end of the wait. */
  readonly wallMs: number;
  /** Interquartile range over median of the times that the rates are computed from. */
  readonly spread: number;
  readonly flops: number;
  readonly bytes: number;
  /** By gpuMs, or by wallMs where that is absent. */
  readonly gflops: number;
  readonly gbps: number;
}

/** A batch takes about this long, so that the wait's naps of half a millisecond do not count. */
const BATCH_MS = 30;

/** Runs the programs in turn, `repetitions` times; the first round warms up and is not counted. */
export async function measure(
  device: Device,
  timed: readonly Timed[],
  repetitions: number,
): Promise<Measurement[]> {
  const hasClock = device.gpu.features.has('timestamp-query');
  const batches: number[] = [];
  for (const { program } of timed) batches.push(await wallBatch(device, program, BATCH_MS));
  const walls = timed.map((): number[] => []);
  const clocks = timed.map((): number[] => []);
  // In turn, not one after the other: a slow minute of the machine then falls on all of them.
  for (let round = 0; round < repetitions; round++) {
    for (const [i, { program }] of timed.entries()) {
      walls[i]!.push(await wallMs(device, program, batches[i]!));
      if (hasClock) clocks[i]!.push(await clockMs(program, 1));
    }
  }
  return timed.map(({ name, flops, bytes }, i) => {
    const gpuMs = hasClock ? median(clocks[i]!) : undefined;
    const times = gpuMs ? clocks[i]! : walls[i]!;
    const ms = median(times);
    if (!(ms > 0))
      throw new FacetError(`bench: ${name} took ${ms} ms, which is no time: the run did nothing`);
    return {
      name,
      ...(gpuMs ? { gpuMs } : {}),
      wallMs: median(walls[i]!),
      spread: (quantile(times, 0.75) - quantile(times, 0.25)) / ms,
      flops,
      bytes,
      gflops: flops / ms / 1e6,
      gbps: bytes / ms / 1e6,
    };
  });
}
