// The worker and what is known of the machine, for all pages.
import { signal } from '@preact/signals';
import { WorkerClient } from '../worker/client.js';
import type { Ready } from '../worker/ready-job.js';
import type { StudioJobs } from './jobs.js';

export type GpuState =
  | { readonly kind: 'starting'; readonly received: number; readonly total: number }
  | { readonly kind: 'ready'; readonly ready: Ready }
  | { readonly kind: 'failed'; readonly error: Error };

/** Where the start of the machine stands. */
export const gpu = signal<GpuState>({ kind: 'starting', received: 0, total: 0 });

/** Counts the workers: what an earlier one held is gone. */
export const workers = signal(0);

let current: WorkerClient<StudioJobs> | undefined;

/** The studio's worker; started by the first call. */
export function studioWorker(): WorkerClient<StudioJobs> {
  if (!current) {
    current = new WorkerClient<StudioJobs>(
      new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'facet' }),
    );
    workers.value++;
  }
  return current;
}

/** Opens adapter and embedded net, or again after a loss: then with a new worker. Never rejects: see `gpu`. */
export async function startGpu({ anew = false } = {}): Promise<void> {
  if (anew) {
    current?.terminate();
    current = undefined;
  }
  gpu.value = { kind: 'starting', received: 0, total: 0 };
  try {
    const ready = await studioWorker().start('ready', {}, ({ received, total }) => {
      gpu.value = { kind: 'starting', received, total: total ?? 0 };
    }).result;
    gpu.value = { kind: 'ready', ready };
  } catch (error) {
    gpu.value = { kind: 'failed', error: error as Error };
  }
}
