// A program's run, timed dispatch by dispatch.
import { KernelError } from '../base/errors.js';
import type { Device } from '../gpu/device.js';
import { encode, encodeCopies, type Step } from './steps.js';

/** What WebGPU lets one query set hold. */
const MAX_QUERIES = 4096;

/** Under this name copies to textures are listed. */
const COPY = 'copy_to_texture';

/** The time that one dispatch, or the texture copies in front of one, took. */
export interface Timing {
  readonly label: string;
  readonly kernel: string;
  readonly ms: number;
}

/**
 * `runs` runs with a pass and a timestamp pair per dispatch; milliseconds in order, run after run. As many runs are
 * submitted together as a query set holds. A dispatch's copies to textures (what passed since the dispatch before)
 * come in front of it; those of the first dispatch of a submission have no timestamp before them and are not timed.
 * KernelError where the adapter has no `timestamp-query` or one run has more dispatches than a query set holds.
 */
export async function profileSteps(
  device: Device,
  name: string,
  steps: readonly Step[],
  runs: number,
): Promise<Timing[]> {
  const { gpu } = device;
  if (!gpu.features.has('timestamp-query')) {
    throw new KernelError(`${name}: this adapter has no timestamp-query, so dispatches cannot be timed`);
  }
  if (steps.length * 2 > MAX_QUERIES) {
    throw new KernelError(
      `${name}: at most ${MAX_QUERIES / 2} dispatches can be timed at once, it has ${steps.length}`,
    );
  }
  const together = Math.max(1, Math.floor(MAX_QUERIES / 2 / steps.length));
  const timings: Timing[] = [];
  for (let left = runs; left > 0; left -= together) {
    const repeated = Array.from({ length: Math.min(left, together) }, () => steps).flat();
    for (const timing of await profileOnce(device, name, repeated)) timings.push(timing);
  }
  return timings;
}

/** The steps in one submission. */
async function profileOnce(device: Device, name: string, steps: readonly Step[]): Promise<Timing[]> {
  const { gpu } = device;
  const count = steps.length * 2;
  const queries = gpu.createQuerySet({ label: `${name}: profile`, type: 'timestamp', count });
  const resolved = gpu.createBuffer({
    label: `${name}: timestamps`,
    size: count * 8,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  });
  try {
    const encoder = gpu.createCommandEncoder({ label: `${name}: profile` });
    for (const [i, step] of steps.entries()) {
      encodeCopies(encoder, step);
      const pass = encoder.beginComputePass({
        label: step.dispatch.label,
        timestampWrites: {
          querySet: queries,
          beginningOfPassWriteIndex: 2 * i,
          endOfPassWriteIndex: 2 * i + 1,
        },
      });
      encode(pass, step);
      pass.end();
    }
    encoder.resolveQuerySet(queries, 0, count, resolved, 0);
    device.submit(encoder.finish());
    const bits = await device.read(resolved, count * 8);
    const times = new BigUint64Array(bits.buffer);
    const ms = (from: number, to: number) => Number(times[to]! - times[from]!) / 1e6;
    return steps.flatMap(({ dispatch, copies }, i) => {
      const run = { label: dispatch.label, kernel: dispatch.kernel.name, ms: ms(2 * i, 2 * i + 1) };
      if (copies.length === 0 || i === 0) return [run];
      const label = `copy ${copies.map(({ tensor }) => tensor.name).join(', ')}`;
      return [{ label, kernel: COPY, ms: ms(2 * i - 1, 2 * i) }, run];
    });
  } finally {
    queries.destroy();
    resolved.destroy();
  }
}
