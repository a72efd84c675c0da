// The jobs of the style page: a run whose result stays in the worker, what is made of the result, and runs that are kept.
// The page gets only what it shows: a large picture in numbers, or a checkpoint, would stop it while it is copied.
import { InputError } from '../../../../src/base/errors.js';
import type { RgbImage } from '../../../../src/base/image.js';
import type { Mix } from '../../../../src/style/mix.js';
import type { WorkerContext } from '../../worker/context.js';
import { mixJob, pngJob } from '../../worker/finish-jobs.js';
import { type Job, Transferring, transferring } from '../../worker/messages.js';
import {
  type Pixels,
  type StylizeDone,
  type StylizeEvent,
  type StylizeMessage,
  type StylizeParams,
  stylizeJob,
} from '../../worker/stylize-job.js';
import {
  checkpointBytes,
  type KeptCheckpoint,
  type KeptRun,
  listCheckpoints,
  listRuns,
  removeRun,
  saveCheckpoint,
} from './run-store.js';

type Resume = NonNullable<StylizeParams['resume']>;

/** Where a checkpoint is: in the browser's store, or its bytes. */
export type CheckpointPlace =
  | { readonly run: string; readonly step: number }
  | { readonly bytes: Uint8Array<ArrayBuffer> };

export type RunResume = Omit<Resume, 'checkpoint'> & { readonly from: CheckpointPlace };

export interface RunParams extends Omit<StylizeParams, 'resume'> {
  readonly resume?: RunResume;
}

/** A run that ended; its pictures are asked for by `runMix` and `runPng`. */
export interface RunDone extends Omit<StylizeDone, 'image' | 'content'> {
  readonly width: number;
  readonly height: number;
}

export interface KeepParams {
  readonly run: KeptRun;
  readonly checkpoint: KeptCheckpoint;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What is kept now; or the bytes again, where the browser keeps nothing. */
export type Kept =
  | { readonly runs: readonly KeptRun[]; readonly checkpoints: readonly KeptCheckpoint[] }
  | { readonly bytes: Uint8Array<ArrayBuffer> };

/** `runStylize` and so on, by name, with one result between them: that of the run that ended last. */
export function runJobs(context: WorkerContext) {
  const stylize = stylizeJob(context);
  let held: { readonly image: RgbImage; readonly content: RgbImage } | undefined;
  const result = () => {
    if (!held) throw new InputError('the result of the run is not in the worker any more');
    return held;
  };

  const runStylize: Job<RunParams, StylizeEvent, StylizeMessage, RunDone> = async (
    { resume, ...params },
    job,
  ) => {
    held = undefined;
    const whole = await stylize(
      { ...params, ...(resume ? { resume: { ...resume, checkpoint: await bytesAt(resume.from) } } : {}) },
      job,
    );
    const { image, content, ...done } = whole instanceof Transferring ? whole.result : whole;
    held = { image, content };
    const { width, height } = image;
    return transferring({ ...done, width, height }, [done.checkpoint.buffer]);
  };

  const runKeep: Job<KeepParams, never, never, Kept> = async ({ run, checkpoint, bytes }) => {
    try {
      const checkpoints = await saveCheckpoint(run, checkpoint, bytes);
      return { runs: await listRuns(), checkpoints };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return transferring<Kept>({ bytes }, [bytes.buffer]);
    }
  };

  const runMix: Job<{ mix: Mix }, never, never, Pixels> = ({ mix }, job) => mixJob({ ...result(), mix }, job);
  const runPng: Job<{ mix: Mix; bits: 8 | 16 }, never, never, Uint8Array<ArrayBuffer>> = (params, job) =>
    pngJob({ ...result(), ...params }, job);
  const runList: Job<object, never, never, KeptRun[]> = () => listRuns();
  const runCheckpoints: Job<{ run: string }, never, never, KeptCheckpoint[]> = ({ run }) =>
    listCheckpoints(run);
  const runBytes: Job<{ run: string; step: number }, never, never, Uint8Array<ArrayBuffer>> = async (
    place,
  ) => {
    const bytes = await bytesAt(place);
    return transferring(bytes, [bytes.buffer]);
  };
  const runRemove: Job<{ run: string }, never, never, KeptRun[]> = async ({ run }) => {
    await removeRun(run);
    return listRuns();
  };
  return { runStylize, runMix, runPng, runKeep, runList, runCheckpoints, runBytes, runRemove };
}

async function bytesAt(place: CheckpointPlace): Promise<Uint8Array<ArrayBuffer>> {
  return 'bytes' in place ? place.bytes : checkpointBytes(place.run, place.step);
}
