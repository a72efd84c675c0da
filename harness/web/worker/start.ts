// Starts the worker of `facet/web` from a page.
import { WorkerClient } from './client.js';
import type { StyleJobs } from './style-jobs.js';

/** Where the worker finds what it needs. */
export interface StartOptions {
  /** The folder that holds the embedded nets; `weights/` beside the worker unless said. */
  readonly weights?: string | URL;
}

/** The worker that lies beside this file: `const facet = startWorker(); await facet.call('ready', {})`. */
export function startWorker({ weights }: StartOptions = {}): WorkerClient<StyleJobs> {
  const url = new URL('./worker.js', import.meta.url);
  if (weights !== undefined) url.searchParams.set('weights', new URL(weights, globalThis.location.href).href);
  return new WorkerClient<StyleJobs>(new Worker(url, { type: 'module', name: 'facet' }));
}
