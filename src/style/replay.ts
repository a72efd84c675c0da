// A run made again from its manifest: phase by phase, as it was made.
import { InputError } from '../base/errors.js';
import type { Checkpoint } from './checkpoint.js';
import type { StylizeInput } from './input.js';
import type { RunManifest, RunPhase } from './manifest.js';
import { contentAt, mixResult } from './mix.js';
import type { PartialStyleOptions, StyleOptions } from './options.js';
import { growRun, LIVE_OPTIONS, reviseRun } from './revise.js';
import { type StylizeHooks, type StylizeResult, stylize } from './stylize.js';

/** What a run is made again from: the pictures and weights that the manifest names. */
export interface ReplayInput extends Omit<StylizeInput, 'options' | 'resume' | 'style'> {
  /** In the manifest's order; shares come from the manifest. */
  readonly styles: readonly StylizeInput['content'][];
  /** One for each style, undefined where the manifest has none; no style has one unless given. */
  readonly styleMasks?: readonly (StylizeInput['content'] | undefined)[];
  /** Goes on from here: a checkpoint of an interrupted replay. */
  readonly resume?: Checkpoint;
}

/**
 * Makes a run again, up to its last step, and mixes its result. On the same adapter it gives the same bits where ops are
 * computed in the same ways. Throws as `stylize`, and InputError where the manifest's phases are none of one run.
 */
export async function replay(
  input: ReplayInput,
  manifest: RunManifest,
  hooks: StylizeHooks = {},
): Promise<StylizeResult> {
  const { styles, styleMasks, resume, ...rest } = input;
  if (styles.length !== manifest.styles.length)
    throw new InputError(`the run has ${manifest.styles.length} styles, got ${styles.length}`);
  const inputOf = ({ shares }: RunPhase) => ({
    ...rest,
    style: styles.map((image, i) => {
      const mask = styleMasks?.[i];
      return { image, weight: shares[i]!, ...(mask ? { mask } : {}) };
    }),
  });
  const { phases, steps } = manifest;
  let first = 0;
  while (resume && phases[first + 1] && phases[first + 1]!.from <= resume.step) first++;
  let checkpoint = resume;
  let result: StylizeResult | undefined;
  for (const [i, phase] of phases.entries()) {
    if (i < first) continue;
    const own = inputOf(phase);
    if (checkpoint && checkpoint.step === phase.from && phase.from > 0)
      checkpoint = await entered(checkpoint, own, phase);
    const until = phases[i + 1]?.from ?? steps;
    result = await upTo(until, checkpoint?.step ?? 0, hooks, (inner) =>
      stylize(
        { ...own, ...(checkpoint ? { resume: checkpoint } : { options: startOptions(phase.options) }) },
        inner,
      ),
    );
    checkpoint = result.checkpoint;
    if (hooks.signal?.aborted && checkpoint.step < until) return result;
  }
  const { image } = result!;
  const { strength, color } = manifest.mix;
  if (strength === 1 && color === 0) return { ...result!, aborted: false };
  const content = await contentAt(input.device, { ...inputOf(phases.at(-1)!), resume: checkpoint! }, image);
  return { ...result!, aborted: false, image: mixResult(content, image, manifest.mix) };
}

/** Runs from step `start` until step `until` is done. */
async function upTo(
  until: number,
  start: number,
  hooks: StylizeHooks,
  run: (hooks: StylizeHooks) => Promise<StylizeResult>,
): Promise<StylizeResult> {
  const stop = new AbortController();
  if (start >= until) stop.abort();
  const signal = hooks.signal ? AbortSignal.any([hooks.signal, stop.signal]) : stop.signal;
  return run({
    ...hooks,
    signal,
    onStep: async (event) => {
      await hooks.onStep?.(event);
      if (event.step >= until) stop.abort();
    },
  });
}

/** The checkpoint as the phase takes it up. */
async function entered(
  checkpoint: Checkpoint,
  input: Omit<StylizeInput, 'device'>,
  { options, from }: RunPhase,
): Promise<Checkpoint> {
  const live = Object.fromEntries(LIVE_OPTIONS.map((name) => [name, options[name]]));
  const revised = await reviseRun(checkpoint, input, live);
  let next = revised;
  while (next.options.size < options.size) next = await growRun(next, input);
  if (next.options.size !== options.size || next.options.iterations !== options.iterations) {
    throw new InputError(
      `the phase from step ${from} has size ${options.size} and ${options.iterations} steps, which the run before it does not lead to (${next.options.size} and ${next.options.iterations})`,
    );
  }
  return next;
}

/** Complete options as a caller gives them: a history is taken with L-BFGS alone. */
function startOptions({ history, ...o }: StyleOptions): PartialStyleOptions {
  return o.optimizer === 'lbfgs' ? { ...o, history } : o;
}
