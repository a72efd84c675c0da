// One run at a time: begun, followed to its end, kept.
import { DeviceLostError, InputError, OutOfMemoryError } from '../../../../src/base/errors.js';
import type { RunPhase } from '../../../../src/style/manifest.js';
import type { RunningJob } from '../../worker/client.js';
import type { NamedFile, StylizeMessage } from '../../worker/stylize-job.js';
import { studioWorker } from '../gpu.js';
import { hear, restartClock } from './hear.js';
import { keep } from './keep.js';
import type { CheckpointPlace, RunDone, RunParams, RunResume } from './run-jobs.js';
import * as state from './state.js';

/** The run that is under way or was last. */
export interface Current {
  readonly id: string;
  phases: readonly RunPhase[];
  job?: RunningJob<StylizeMessage, RunDone>;
  /** Begun from a file: the form takes its options over. */
  adopts?: boolean;
}

const LOCK = 'facet-style-run';
let now: Current | undefined;
/** Settles when the last run has ended, its files are kept, and its lock is free. */
let settled: Promise<void> = Promise.resolve();

export function currentRun(): Current | undefined {
  return now;
}

/** Makes a run the one that is worked at. */
export function take(run: Current): void {
  now = run;
}

/** Ends the run after the current step; it can be taken up again. */
export function stop(): void {
  state.run.value = { kind: 'stopping' };
  now?.job?.cancel();
}

/** Cancels what runs and waits for its end. */
export async function ended(): Promise<void> {
  if (!state.busy.value) return;
  stop();
  await settled;
}

/** One job of the worker, from its start to its end. Only one tab of the studio works at a time. */
export function launch(resume?: RunResume): Promise<void> {
  settled = work(resume);
  return settled;
}

/** Where the checkpoint of a step is. */
export function placeOf({ run, step, bytes }: state.HeldCheckpoint): CheckpointPlace {
  return bytes ? { bytes } : { run, step };
}

async function work(resume?: RunResume): Promise<void> {
  const { trouble, run } = state;
  const own = now;
  const params = runParams(resume);
  if (!own || !params) return;
  trouble.value = undefined;
  state.result.value = undefined;
  state.foreign.value = undefined;
  state.mix.value = state.PLAIN_MIX;
  run.value = { kind: 'preparing' };
  restartClock();
  await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (!lock) {
      run.value = { kind: 'idle' };
      trouble.value = { kind: 'otherTab' };
      return;
    }
    own.job = studioWorker().start('runStylize', params, (event) => hear(own, event));
    await own.job.result.then(
      (done) => finish(own, done),
      (error: Error) => failed(error, resume),
    );
  });
}

/** What the worker is asked for; undefined where a picture is missing. */
function runParams(resume: RunResume | undefined): RunParams | undefined {
  const { content, styles, contentMask, initImage, settings } = state;
  if (!content.value || styles.value.length === 0) return undefined;
  const { options, net, precision } = settings.value;
  const named = ({ file, name }: NamedFile): NamedFile => ({ file, name });
  return {
    net,
    content: named(content.value),
    styles: styles.value.map((style) => ({
      ...named(style),
      share: style.share,
      ...(style.mask ? { mask: named(style.mask) } : {}),
    })),
    ...(contentMask.value ? { contentMask: named(contentMask.value) } : {}),
    ...(options.init === 'image' && initImage.value ? { initImage: named(initImage.value) } : {}),
    ...(resume ? { resume } : { options, precision }),
  };
}

async function finish(own: Current, done: RunDone): Promise<void> {
  const { checkpoint, ...rest } = done;
  const { width, height, trace, steps: step, total, aborted } = rest;
  own.phases = done.manifest.phases;
  state.curves.value = { steps: trace.steps, series: trace.series };
  state.result.value = rest;
  state.picture.value = await studioWorker().call('runMix', { mix: state.mix.value });
  const last = !aborted || (state.progress.value?.last ?? false);
  state.progress.value = { step, total, width, height, left: 0, last };
  await keep(own, step, checkpoint, !aborted);
  state.run.value = { kind: 'ended', finished: !aborted };
}

function failed(error: Error, resume: RunResume | undefined): void {
  const { trouble, run, checkpoints } = state;
  const step = checkpoints.value.at(-1)?.step ?? 0;
  run.value = step > 0 ? { kind: 'ended', finished: false } : { kind: 'idle' };
  if (error instanceof DeviceLostError) trouble.value = { kind: 'lost', step };
  else if (error instanceof OutOfMemoryError) trouble.value = { kind: 'memory', error };
  else if (error instanceof InputError && resume && error.fact?.code === 'other-run')
    state.foreign.value = resume.from;
  else trouble.value = { kind: 'error', error };
}
