// The jobs that every worker of Facet has.
import type { WorkerContext } from './context.js';
import { mixJob, pngJob } from './finish-jobs.js';
import { readyJob } from './ready-job.js';
import { resolveJob } from './resolve-job.js';
import { stylizeJob } from './stylize-job.js';

/** `ready`, `resolve`, `stylize`, `mix` and `png`, on one context. */
export function styleJobs(context: WorkerContext) {
  return {
    ready: readyJob(context),
    resolve: resolveJob(context),
    stylize: stylizeJob(context),
    mix: mixJob,
    png: pngJob,
  };
}

/** For clients: `WorkerClient<StyleJobs>`. */
export type StyleJobs = ReturnType<typeof styleJobs>;
