// Runs that outlive the page: kept as they go on, listed, forgotten.
import { studioWorker } from '../gpu.js';
import type { KeptPicture } from './run-store.js';
import * as state from './state.js';
import { thumbnail } from './thumbnail.js';
import type { Current } from './work.js';

/** Keeps a checkpoint of a run, which the worker takes over; the page holds it where the browser keeps nothing. */
export async function keep(
  own: Current,
  step: number,
  bytes: Uint8Array<ArrayBuffer>,
  finished: boolean,
): Promise<void> {
  const { content, styles, contentMask, initImage, settings, picture, progress, checkpoints } = state;
  if (!content.value) return;
  const picked = ({ file, name }: state.Chosen): KeptPicture => ({ file, name });
  // What was chosen when the checkpoint came, not what may be chosen by the time the small picture is made.
  const run = {
    id: own.id,
    updated: Date.now(),
    content: picked(content.value),
    styles: styles.value.map((style) => ({
      ...picked(style),
      share: style.share,
      ...(style.mask ? { mask: picked(style.mask) } : {}),
    })),
    ...(contentMask.value ? { contentMask: picked(contentMask.value) } : {}),
    ...(initImage.value ? { initImage: picked(initImage.value) } : {}),
    settings: settings.value,
    phases: own.phases,
    step,
    total: progress.value?.total ?? step,
    finished,
  };
  const thumb = picture.value ? await thumbnail(picture.value) : undefined;
  const checkpoint = { run: own.id, step, thumb };
  const params = { run: { ...run, thumb }, checkpoint, bytes };
  const kept = await studioWorker()
    .start('runKeep', params, undefined, [bytes.buffer])
    .result.catch(() => undefined);
  if (!kept) {
    // The worker ended meanwhile; what was kept before is there.
    state.trouble.value ??= { kind: 'storage' };
  } else if ('runs' in kept) {
    checkpoints.value = kept.checkpoints;
    state.kept.value = kept.runs;
  } else {
    // The run goes on; it is then lost with the page.
    checkpoints.value = [
      ...checkpoints.value.filter((one) => one.step < step),
      { ...checkpoint, bytes: kept.bytes },
    ];
    state.trouble.value = { kind: 'storage' };
  }
}

/** Looks for runs of earlier visits; an unfinished one is offered unless one is under way. */
export async function findKept(current: () => Current | undefined): Promise<void> {
  try {
    state.kept.value = await studioWorker().call('runList', {});
  } catch {
    state.trouble.value = { kind: 'storage' };
  }
  const [latest] = state.kept.value;
  if (latest && !latest.finished && !current()) state.offered.value = latest;
}

export async function forget(run: string): Promise<void> {
  state.kept.value = await studioWorker().call('runRemove', { run });
  if (state.offered.value?.id === run) state.offered.value = undefined;
}
