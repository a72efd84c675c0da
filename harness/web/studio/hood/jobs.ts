// The jobs of the page under the hood.
import type { WorkerContext } from '../../worker/context.js';
import { featuresJob } from './features-job.js';
import { benchJob, checkJob, tuneJob } from './measure-jobs.js';
import { planJob } from './plan-job.js';

/** All of them, by name. */
export function hoodJobs(context: WorkerContext) {
  return {
    hoodPlan: planJob(context),
    hoodFeatures: featuresJob(context),
    hoodBench: benchJob(context),
    hoodCheck: checkJob(context),
    hoodTune: tuneJob(context),
  };
}
