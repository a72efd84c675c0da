// Pictures, stores and a service without a GPU for tests.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { openJobFile } from '../../harness/serve/jobs/libsql-jobs.js';
import type { JobStore, JobStoreOptions } from '../../harness/serve/jobs/types.js';
import type { StyleSpec } from '../../harness/serve/spec.js';
import type { StyleEngine, WorkHooks, WorkOutcome } from '../../harness/serve/style-work.js';

/** A PNG with grain, the same for the same seed. */
export async function png(width = 32, height = 32, seed = 1): Promise<Buffer<ArrayBuffer>> {
  const data = Buffer.alloc(3 * width * height);
  for (let i = 0; i < data.length; i++) data[i] = (i * 7919 * seed + (i >> 5) * 104729) % 256;
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return Buffer.from(new Uint8Array(bytes));
}

/** What a run of `steps` steps at 32 px is. */
export const spec = (steps: number): StyleSpec => ({
  kind: 'stylize',
  net: 'vgg19-slim',
  options: { size: 32, iterations: steps },
  styleWeights: [1],
  precision: 'f32',
});

/** A multipart body. */
export function form(parts: Readonly<Record<string, Uint8Array | readonly Uint8Array[] | object>>): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(parts)) {
    const list = Array.isArray(value) ? value : [value];
    for (const one of list) {
      if (one instanceof Uint8Array) body.append(name, new Blob([new Uint8Array(one)]), 'picture');
      else body.append(name, JSON.stringify(one));
    }
  }
  return body;
}

/** The jobs of a test in a file of its own. */
export function jobsIn(folder: string, options: JobStoreOptions = {}): Promise<JobStore> {
  return openJobFile(join(folder, 'jobs.db'), { backoff: 0, ...options });
}

/** By how much a machine that is busy with other work is slower than the limits of time are made for. */
const PATIENCE = Number(process.env.FACET_FAULT_PATIENCE ?? 1);

/** Waits until `done` says so; throws after `ms`, times FACET_FAULT_PATIENCE. */
export async function until(
  what: string,
  done: () => boolean | Promise<boolean>,
  ms = 20_000,
): Promise<void> {
  const start = performance.now();
  while (!(await done())) {
    if (performance.now() - start > ms * PATIENCE) {
      throw new Error(`${what}: not within ${ms * PATIENCE} ms`);
    }
    await sleep(10);
  }
}

/** An engine without a GPU: its picture is the list of the steps that it took, `step:attempt` each. */
export class ScriptedEngine implements StyleEngine {
  runs = 0;
  /** Called before each step. */
  constructor(private readonly onStep: (step: number, run: number) => void | Promise<void> = () => {}) {}

  async run(
    { options }: StyleSpec,
    _inputs: ReadonlyMap<string, Uint8Array>,
    resume: Uint8Array | undefined,
    hooks: WorkHooks,
  ): Promise<WorkOutcome> {
    const run = ++this.runs;
    const total = options.iterations!;
    const steps = resume ? Buffer.from(resume).toString().split(' ') : [];
    const now = () => Buffer.from(steps.join(' '));
    while (steps.length < total) {
      if (hooks.signal.aborted) {
        return { done: false, checkpoint: now(), progress: { step: steps.length, total } };
      }
      await this.onStep(steps.length + 1, run);
      steps.push(`${steps.length + 1}:${run}`);
      await hooks.onStep({ step: steps.length, total }, async () => now());
      await sleep(1);
    }
    return { done: true, result: now(), facts: { steps: total } };
  }
}
