// How long a program takes: by the adapter's own clock, or by the wall's.
import type { Device } from '../gpu/device.js';
import type { Program } from './program.js';

const MAX_BATCH = 100;

/** Milliseconds of one run out of `count` submitted together; the timer starts before the first submit. */
export async function wallMs(device: Device, program: Program, count: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) program.run();
  await device.sync();
  return (performance.now() - start) / count;
}

/** Runs that take about `ms` together, so that the wait for their end does not count; at most 100. Warms up. */
export async function wallBatch(device: Device, program: Program, ms: number): Promise<number> {
  await wallMs(device, program, 1);
  const once = await wallMs(device, program, 1);
  return Math.min(MAX_BATCH, Math.max(1, Math.round(ms / once)));
}

/** Milliseconds of one run by the timestamps of its dispatches, the mean of `count` runs. Errors as `Program.profile`. */
export async function clockMs(program: Program, count: number): Promise<number> {
  return (await program.profile(count)).reduce((sum, { ms }) => sum + ms, 0) / count;
}
