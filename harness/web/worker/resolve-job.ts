// What options come to, with the preset's and the net's defaults: for forms, and for changes during a run.
import { type PartialStyleOptions, resolveOptions, type StyleOptions } from '../../../src/style/options.js';
import { LIVE_OPTIONS, type LiveOptions } from '../../../src/style/revise.js';
import type { WorkerContext } from './context.js';
import type { Job } from './messages.js';

/** Options of a run that the job `resolve` works out. */
export interface ResolveParams {
  readonly net?: string;
  readonly options: PartialStyleOptions;
}

/** What the job `resolve` found. */
export interface Resolved {
  readonly options: StyleOptions;
  /** Those of them that may change during a run. */
  readonly live: LiveOptions;
}

/** The job `resolve`. InputError where an option breaks its rule. */
export function resolveJob(context: WorkerContext): Job<ResolveParams, never, never, Resolved> {
  return async ({ net = 'vgg19-slim', options: given }) => {
    const options = resolveOptions(given, await context.weights(net));
    const live = Object.fromEntries(LIVE_OPTIONS.map((name) => [name, options[name]]));
    return { options, live };
  };
}
