// The studio's worker: the jobs of `facet/web`, and those of its further pages.
import { forbidEval } from '../no-eval.js';
import { WorkerContext } from '../worker/context.js';
import { workerScope } from '../worker/scope.js';
import { serveJobs } from '../worker/serve.js';
import { studioJobs } from './jobs.js';

forbidEval();
serveJobs(workerScope, studioJobs(new WorkerContext(new URL('weights/', import.meta.url))));
