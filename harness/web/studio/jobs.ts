// Everything that the studio's worker can be asked to do. A page adds its jobs here.
import type { WorkerContext } from '../worker/context.js';
import { styleJobs } from '../worker/style-jobs.js';
import { faceJobs } from './faces/jobs.js';
import { hoodJobs } from './hood/jobs.js';
import { runJobs } from './style/run-jobs.js';

export function studioJobs(context: WorkerContext) {
  return { ...styleJobs(context), ...runJobs(context), ...faceJobs(context), ...hoodJobs(context) };
}

/** For clients: `WorkerClient<StudioJobs>`. */
export type StudioJobs = ReturnType<typeof studioJobs>;
