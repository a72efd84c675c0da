// What the buttons of the style page do.
import { DeviceLostError, InputError, OutOfMemoryError } from '../../../../src/base/errors.js';
import type { RunPhase } from '../../../../src/style/manifest.js';
import type { RunningJob } from '../../worker/client.js';
import type { StylizeDone, StylizeEvent, StylizeMessage, StylizeParams } from '../../worker/stylize-job.js';
import { startGpu, studioWorker } from '../gpu.js';
import { t } from '../i18n.js';
import { EtaClock } from './eta.js';
import { type KeptRun, listCheckpoints, listRuns, removeRun, saveCheckpoint, saveRun } from './run-store.js';
import { settingsOf } from './settings.js';
import * as state from './state.js';
import { thumbnail } from './thumbnail.js';

type Resume = NonNullable<StylizeParams['resume']>;

/** The run that is under way or was last. */
interface Current {
  readonly id: string;
  phases: readonly RunPhase[];
  job?: RunningJob<StylizeMessage, StylizeDone>;
  /** Begun from a file: the form takes its options over. */
  adopts?: boolean;
}

const LOCK = 'facet-style-run';
let current: Current | undefined;
/** Settles when the last run has ended, its files are kept, and its lock is free. */
let settled: Promise<void> = Promise.resolve();
const clock = new EtaClock();

/** Begins a run with what was chosen. */
export async function start(): Promise<void> {
  current = { id: crypto.randomUUID(), phases: [] };
  state.curves.value = state.NO_CURVES;
  state.checkpoints.value = [];
  state.picture.value = undefined;
  await launch();
}

export function pause(): void {
  current?.job?.tell({ type: 'pause' });
}

export function goOn(): void {
  current?.job?.tell({ type: 'continue' });
}

/** Ends the run after the current step; it can be taken up again. */
export function stop(): void {
  state.run.value = { kind: 'stopping' };
  current?.job?.cancel();
}

/** Whether what may change during a run differs from what the run has. */
export function hasChanges(): boolean {
  const resolved = state.resolved.value;
  const last = current?.phases.at(-1);
  if (!last || !resolved || 'error' in resolved) return false;
  const now = Object.keys(resolved.live).map((name) => last.options[name as keyof typeof last.options]);
  const shares = state.styles.value.map(({ share }) => share);
  return JSON.stringify([now, last.shares]) !== JSON.stringify([Object.values(resolved.live), shares]);
}

/** Goes on from here with the settings as they are now. */
export async function apply(): Promise<void> {
  const resolved = state.resolved.value;
  if (!resolved || 'error' in resolved) return;
  await again((checkpoint) => ({ checkpoint, changes: resolved.live }));
}

/** Goes on with one more scale. */
export async function larger(): Promise<void> {
  const resolved = state.resolved.value;
  const changes = hasChanges() && resolved && 'live' in resolved ? { changes: resolved.live } : {};
  await again((checkpoint) => ({ checkpoint, grow: true, ...changes }));
}

/** Goes on after a stop. */
export async function takeUp(): Promise<void> {
  await again((checkpoint) => ({ checkpoint }));
}

/** Goes back to a checkpoint and on from there, with the settings that it was made with. */
export async function backTo(step: number): Promise<void> {
  const found = state.checkpoints.value.find((one) => one.step === step);
  if (!found) return;
  await ended();
  const { series, steps } = state.curves.value;
  const count = steps.filter((at) => at < step).length;
  state.curves.value = {
    steps: steps.slice(0, count),
    series: Object.fromEntries(
      Object.entries(series).map(([name, values]) => [name, values.slice(0, count)]),
    ),
  };
  const phases = phasesUpTo(step);
  // A checkpoint goes on with the shares that it was made with.
  const shares = phases.at(-1)?.shares;
  state.styles.value = state.styles.value.map((style, i) => ({
    ...style,
    share: shares?.[i] ?? style.share,
  }));
  await launch({ checkpoint: found.bytes, phases });
}

function phasesUpTo(step: number): readonly RunPhase[] {
  return (current?.phases ?? []).filter(({ from }) => from < step || from === 0);
}

/** Ends what runs, then goes on from where it ended. */
async function again(resume: (checkpoint: Uint8Array<ArrayBuffer>) => Resume): Promise<void> {
  const done = (await ended()) ?? state.result.value;
  const bytes = done?.checkpoint ?? state.checkpoints.value.at(-1)?.bytes;
  if (!bytes || !current) return;
  await launch({ phases: current.phases, ...resume(bytes) });
}

/** Cancels what runs and waits for its end. */
async function ended(): Promise<StylizeDone | undefined> {
  if (!state.busy.value) return undefined;
  stop();
  await settled;
  return state.result.value;
}

/** One job of the worker, from its start to its end. Only one tab of the studio works at a time. */
function launch(resume?: Resume): Promise<void> {
  settled = work(resume);
  return settled;
}

async function work(resume?: Resume): Promise<void> {
  const { content, styles, settings, trouble, run } = state;
  if (!current || !content.value || styles.value.length === 0) return;
  trouble.value = undefined;
  state.result.value = undefined;
  state.foreign.value = undefined;
  state.mix.value = { strength: 1, color: 0 };
  run.value = { kind: 'preparing', what: '' };
  clock.reset();
  const own = current;
  const { options, net, precision } = settings.value;
  const params: StylizeParams = {
    net,
    content: { file: content.value.file, name: content.value.name },
    styles: styles.value.map(({ file, name, share }) => ({ file, name, share })),
    ...(resume ? { resume } : { options, precision }),
  };
  await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (!lock) {
      run.value = { kind: 'idle' };
      trouble.value = { kind: 'otherTab' };
      return;
    }
    own.job = studioWorker().start('stylize', params, (event) => hear(own, event));
    await own.job.result.then(
      (done) => finish(own, done),
      (error: Error) => failed(error, resume),
    );
  });
}

function hear(own: Current, event: StylizeEvent): void {
  const { run, progress } = state;
  switch (event.type) {
    case 'stage':
      if (run.value.kind === 'preparing') run.value = { kind: 'preparing', what: event.text };
      return;
    case 'compile':
      if (run.value.kind === 'preparing' && event.kernel !== undefined)
        run.value = {
          kind: 'preparing',
          what: t('style.compiling', { done: event.done, total: event.total }),
        };
      return;
    case 'started':
      own.phases = event.phases;
      state.curves.value = { steps: event.trace.steps, series: event.trace.series };
      if (run.value.kind === 'preparing') run.value = { kind: 'running' };
      if (own.adopts) adoptOptions(own);
      return;
    case 'step': {
      if (run.value.kind === 'preparing') run.value = { kind: 'running' };
      const { step, total, scale, remaining, losses } = event;
      const { width, height } = scale;
      const left = clock.left(width * height, remaining);
      progress.value = { step, total, width, height, left, last: scale.index === scale.count - 1 };
      if (losses) addLosses(step, losses);
      return;
    }
    case 'picture':
      state.picture.value = event;
      return;
    case 'paused':
      run.value = { kind: event.paused ? 'paused' : 'running' };
      clock.reset();
      return;
    case 'checkpoint':
      void keep(own, event.step, event.bytes, false);
      return;
    case 'tile':
  }
}

function addLosses(step: number, losses: Readonly<Record<string, number>>): void {
  const { steps, series } = state.curves.value;
  const names = new Set([...Object.keys(series), ...Object.keys(losses)]);
  state.curves.value = {
    steps: [...steps, step],
    series: Object.fromEntries(
      [...names].map((name) => [
        name,
        [...(series[name] ?? new Array<number>(steps.length).fill(Number.NaN)), losses[name] ?? Number.NaN],
      ]),
    ),
  };
}

async function finish(own: Current, done: StylizeDone): Promise<void> {
  own.phases = done.manifest.phases;
  state.curves.value = { steps: done.trace.steps, series: done.trace.series };
  state.result.value = done;
  const { width, height } = done.image;
  const shown = await studioWorker().call('mix', {
    content: done.content,
    image: done.image,
    mix: state.mix.value,
  });
  state.picture.value = shown;
  const before = state.progress.value;
  state.progress.value = {
    step: done.steps,
    total: done.total,
    width,
    height,
    left: 0,
    last: !done.aborted || (before?.last ?? false),
  };
  await keep(own, done.steps, done.checkpoint, !done.aborted);
  state.run.value = { kind: 'ended', finished: !done.aborted };
}

async function failed(error: Error, resume: Resume | undefined): Promise<void> {
  const { trouble, run, checkpoints } = state;
  const step = checkpoints.value.at(-1)?.step ?? 0;
  run.value = step > 0 ? { kind: 'ended', finished: false } : { kind: 'idle' };
  if (error instanceof DeviceLostError) trouble.value = { kind: 'lost', step };
  else if (error instanceof OutOfMemoryError) trouble.value = { kind: 'memory', message: error.message };
  else if (error instanceof InputError && resume && /belongs to another run/.test(error.message))
    state.foreign.value = resume.checkpoint;
  else trouble.value = { kind: error instanceof InputError ? 'input' : 'other', message: error.message };
}

/** Opens the GPU anew and goes on from the last checkpoint. */
export async function recover(): Promise<void> {
  await startGpu({ anew: true });
  state.trouble.value = undefined;
  if (state.checkpoints.value.length > 0) await takeUp();
}

async function keep(
  own: Current,
  step: number,
  bytes: Uint8Array<ArrayBuffer>,
  finished: boolean,
): Promise<void> {
  const { content, styles, settings, picture, progress } = state;
  if (!content.value) return;
  const thumb = picture.value ? await thumbnail(picture.value) : undefined;
  const checkpoint = { run: own.id, step, bytes, thumb };
  const name = ({ file, name }: state.Chosen) => ({ file, name });
  try {
    await saveRun({
      id: own.id,
      updated: Date.now(),
      content: name(content.value),
      styles: styles.value.map((style) => ({ ...name(style), share: style.share })),
      settings: settings.value,
      phases: own.phases,
      step,
      total: progress.value?.total ?? step,
      finished,
      thumb,
    });
    state.checkpoints.value = await saveCheckpoint(checkpoint);
    state.kept.value = await listRuns();
  } catch {
    // The run goes on; it is then lost with the page.
    state.checkpoints.value = [...state.checkpoints.value.filter((one) => one.step < step), checkpoint];
    state.trouble.value = { kind: 'storage' };
  }
}

/** Looks for runs of earlier visits; an unfinished one is offered. */
export async function findKept(): Promise<void> {
  try {
    state.kept.value = await listRuns();
  } catch {
    state.trouble.value = { kind: 'storage' };
  }
  const [latest] = state.kept.value;
  if (latest && !latest.finished && !current) state.offered.value = latest;
}

/** Shows a kept run again, and goes on with it unless it is finished. */
export async function openRun(kept: KeptRun): Promise<void> {
  await ended();
  state.offered.value = undefined;
  const all = await listCheckpoints(kept.id);
  state.content.value = { ...kept.content, url: URL.createObjectURL(kept.content.file) };
  state.styles.value = kept.styles.map((style, id) => ({
    ...style,
    id,
    url: URL.createObjectURL(style.file),
  }));
  state.settings.value = kept.settings;
  state.checkpoints.value = all;
  current = { id: kept.id, phases: kept.phases };
  const last = all.at(-1);
  if (last) await launch({ checkpoint: last.bytes, phases: kept.phases });
}

export async function forget(id: string): Promise<void> {
  await removeRun(id);
  state.kept.value = await listRuns();
  if (state.offered.value?.id === id) state.offered.value = undefined;
}

/** Goes on from a checkpoint file, of Node too, with the pictures that are chosen. */
export async function importCheckpoint(file: Blob): Promise<void> {
  await ended();
  current = { id: crypto.randomUUID(), phases: [], adopts: true };
  state.checkpoints.value = [];
  await launch({ checkpoint: new Uint8Array(await file.arrayBuffer()) });
}

/** Takes the checkpoint of other pictures for one of these. */
export async function importAnyway(): Promise<void> {
  const checkpoint = state.foreign.value;
  if (!checkpoint) return;
  await launch({ checkpoint, rebind: true });
}

/** The form shows what the run has. */
function adoptOptions(own: Current): void {
  const last = own.phases.at(-1);
  own.adopts = false;
  if (!last) return;
  const { net, precision } = state.settings.value;
  state.settings.value = settingsOf(last.options, net, precision);
}

/** Reads the user's own VGG-19. */
export async function useNet(file: File): Promise<void> {
  try {
    await studioWorker().call('ready', { net: 'vgg19', file });
    state.netFile.value = file.name;
    state.settings.value = { ...state.settings.value, net: 'vgg19' };
  } catch (error) {
    state.trouble.value = { kind: 'input', message: (error as Error).message };
  }
}
