// The worker of `facet/web`: owns the GPU, so that the page never waits.
import { forbidEval } from '../no-eval.js';
import { WorkerContext } from './context.js';
import { workerScope } from './scope.js';
import { serveJobs } from './serve.js';
import { styleJobs } from './style-jobs.js';

forbidEval();
// The embedded nets lie in `weights/` beside the worker, unless its address names another folder.
const folder = new URLSearchParams(globalThis.location.search).get('weights') ?? 'weights/';
serveJobs(workerScope, styleJobs(new WorkerContext(new URL(folder, import.meta.url))));
