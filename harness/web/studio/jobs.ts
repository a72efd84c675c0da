// Everything that the studio's worker can be asked to do. A page adds its jobs here.
import type { WorkerContext } from '../worker/context.js';
import { styleJobs } from '../worker/style-jobs.js';

export function studioJobs(context: WorkerContext) {
  return { ...styleJobs(context) };
}

/** For clients: `WorkerClient<StudioJobs>`. */
export type StudioJobs = ReturnType<typeof studioJobs>;
