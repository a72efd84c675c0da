// What the buttons of the style page do.
import { startGpu, studioWorker } from '../gpu.js';
import type { RunResume } from './run-jobs.js';
import type { KeptPicture, KeptRun } from './run-store.js';
import * as state from './state.js';
import { currentRun, ended, launch, placeOf, stop, take } from './work.js';

export { stop };

/** Begins a run with what was chosen. */
export async function start(): Promise<void> {
  take({ id: crypto.randomUUID(), phases: [] });
  state.curves.value = state.NO_CURVES;
  state.checkpoints.value = [];
  state.picture.value = undefined;
  await launch();
}

export function pause(): void {
  currentRun()?.job?.tell({ type: 'pause' });
}

export function goOn(): void {
  currentRun()?.job?.tell({ type: 'continue' });
}

/** Whether what may change during a run differs from what the run has. */
export function hasChanges(): boolean {
  const resolved = state.resolved.value;
  const last = currentRun()?.phases.at(-1);
  if (!last || !resolved || 'error' in resolved) return false;
  const now = Object.keys(resolved.live).map((name) => last.options[name as keyof typeof last.options]);
  const shares = state.styles.value.map(({ share }) => share);
  return JSON.stringify([now, last.shares]) !== JSON.stringify([Object.values(resolved.live), shares]);
}

/** Goes on from here with the settings as they are now. */
export async function apply(): Promise<void> {
  const resolved = state.resolved.value;
  if (!resolved || 'error' in resolved) return;
  await again({ changes: resolved.live });
}

/** Goes on with one more scale. */
export async function larger(): Promise<void> {
  const resolved = state.resolved.value;
  const changes = hasChanges() && resolved && 'live' in resolved ? { changes: resolved.live } : {};
  await again({ grow: true, ...changes });
}

/** Goes on after a stop. */
export async function takeUp(): Promise<void> {
  await again({});
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
  const phases = (currentRun()?.phases ?? []).filter(({ from }) => from < step || from === 0);
  // A checkpoint goes on with the shares that it was made with.
  const shares = phases.at(-1)?.shares;
  state.styles.value = state.styles.value.map((style, i) => ({
    ...style,
    share: shares?.[i] ?? style.share,
  }));
  await launch({ from: placeOf(found), phases });
}

/** Ends what runs, then goes on from its last checkpoint, which is that of its end. */
async function again(how: Omit<RunResume, 'from' | 'phases'>): Promise<void> {
  await ended();
  const last = state.checkpoints.value.at(-1);
  const current = currentRun();
  if (last && current) await launch({ from: placeOf(last), phases: current.phases, ...how });
}

/** Opens the GPU anew and goes on from the last checkpoint. */
export async function recover(): Promise<void> {
  await startGpu({ anew: true });
  state.trouble.value = undefined;
  if (state.checkpoints.value.length > 0) await takeUp();
}

/** A result is gone with the worker that had it: made again from the checkpoint of its end. */
export async function restore(): Promise<void> {
  if (state.result.peek() && !state.busy.peek()) await takeUp();
}

/** Shows a kept run again, and goes on with it unless it is finished. */
export async function openRun(kept: KeptRun): Promise<void> {
  await ended();
  state.offered.value = undefined;
  const all = await studioWorker().call('runCheckpoints', { run: kept.id });
  const shown = (picture: KeptPicture): state.Chosen => ({
    ...picture,
    url: URL.createObjectURL(picture.file),
  });
  state.content.value = shown(kept.content);
  state.contentMask.value = kept.contentMask && shown(kept.contentMask);
  state.initImage.value = kept.initImage && shown(kept.initImage);
  state.styles.value = kept.styles.map((style, id) => ({
    ...shown(style),
    share: style.share,
    mask: style.mask && shown(style.mask),
    id,
  }));
  state.settings.value = kept.settings;
  state.checkpoints.value = all;
  take({ id: kept.id, phases: kept.phases });
  const last = all.at(-1);
  if (last) await launch({ from: placeOf(last), phases: kept.phases });
}

/** Goes on from a checkpoint file, of Node too, with the pictures that are chosen. */
export async function importCheckpoint(file: Blob): Promise<void> {
  await ended();
  take({ id: crypto.randomUUID(), phases: [], adopts: true });
  state.checkpoints.value = [];
  await launch({ from: { bytes: new Uint8Array(await file.arrayBuffer()) } });
}

/** Takes the checkpoint of other pictures for one of these. */
export async function importAnyway(): Promise<void> {
  const from = state.foreign.value;
  if (from) await launch({ from, rebind: true });
}

/** Reads the user's own VGG-19, or VGG-16 where the file is none. */
export async function useNet(file: File): Promise<void> {
  const read = (net: string) =>
    studioWorker()
      .call('ready', { net, file })
      .then(() => net);
  try {
    const net = await read('vgg19').catch((error: Error) => {
      // A file that is neither is told of as the larger of the two.
      return read('vgg16').catch(() => Promise.reject(error));
    });
    state.netFile.value = file.name;
    state.settings.value = { ...state.settings.value, net };
  } catch (error) {
    state.trouble.value = { kind: 'error', error: error as Error };
  }
}
