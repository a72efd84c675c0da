// The memory plan of what is chosen on the style page, before anything runs.
import type { PartialStyleOptions } from '../../../../src/style/options.js';
import { resolveOptions } from '../../../../src/style/options.js';
import { describePlan, type PlanReport, planJob as plan } from '../../../plan-report.js';
import type { WorkerContext } from '../../worker/context.js';
import type { Job } from '../../worker/messages.js';

export interface PlanParams {
  readonly net: string;
  readonly options: PartialStyleOptions;
  /** The content; a square of the chosen size where there is none. */
  readonly content?: { readonly file: Blob; readonly name: string } | undefined;
}

export interface Planned {
  readonly report: PlanReport;
  /** As `facet stylize --plan` prints it. */
  readonly text: string;
}

/** The job `hoodPlan`. InputError where an option breaks its rule or the net cannot take the size. */
export function planJob(context: WorkerContext): Job<PlanParams, never, never, Planned> {
  return async ({ net, options, content }) => {
    const weights = await context.weights(net);
    const resolved = resolveOptions(options, weights);
    const size = content
      ? (await context.picture(content.file, content.name)).image
      : { width: resolved.size, height: resolved.size };
    const name = content?.name ?? 'a square picture';
    const report = plan(
      await context.openDevice(),
      weights,
      { content: name, size: { width: size.width, height: size.height } },
      resolved,
      0,
    );
    return { report, text: describePlan(report) };
  };
}
