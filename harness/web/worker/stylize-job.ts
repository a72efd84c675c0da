// A run of style transfer in the worker: pictures come in as files, progress and pictures go out.
import { InputError } from '../../../src/base/errors.js';
import type { RgbImage } from '../../../src/base/image.js';
import type { Device } from '../../../src/gpu/device.js';
import type { Precision } from '../../../src/gpu/kernel.js';
import type { CompileProgress } from '../../../src/gpu/pipelines.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../../src/style/checkpoint.js';
import type { StylizeInput } from '../../../src/style/input.js';
import { type RunManifest, type RunPhase, withPhase } from '../../../src/style/manifest.js';
import { contentAt, PLAIN_MIX } from '../../../src/style/mix.js';
import type { PartialStyleOptions, StyleOptions } from '../../../src/style/options.js';
import { growRun, type LiveOptions, reviseRun } from '../../../src/style/revise.js';
import { type StepEvent, type StyleStage, type StylizeResult, stylize } from '../../../src/style/stylize.js';
import type { StyleTrace } from '../../../src/style/trace.js';
import { toPixels } from '../pictures.js';
import { FACET_VERSION } from '../version.js';
import type { DecodedPicture, WorkerContext } from './context.js';
import { type Job, type JobContext, transferring } from './messages.js';

/** A picture's file, and its name for messages. */
export interface NamedFile {
  readonly file: Blob;
  readonly name: string;
}

/** Pictures, net and options of a run of the job `stylize`. */
export interface StylizeParams {
  /** `vgg19-slim` unless said; another one has been read by `ready`. */
  readonly net?: string;
  readonly content: NamedFile;
  /** Blended by their shares; a mask says by its colours which regions of the content take their style from where. */
  readonly styles: readonly (NamedFile & { readonly share: number; readonly mask?: NamedFile | undefined })[];
  readonly contentMask?: NamedFile | undefined;
  /** For the option `init: 'image'`. */
  readonly initImage?: NamedFile | undefined;
  /** Of a run that begins. */
  readonly options?: PartialStyleOptions;
  readonly precision?: Precision;
  /** Goes on from a checkpoint file, of Node too. */
  readonly resume?: {
    readonly checkpoint: Uint8Array<ArrayBuffer>;
    /** What the run was asked for so far; a checkpoint tells only of its last part. */
    readonly phases?: readonly RunPhase[];
    /** What changes from here on; shares of the styles may change with it. */
    readonly changes?: LiveOptions;
    /** One scale more. */
    readonly grow?: boolean;
    /** Takes the checkpoint also where its pictures were decoded elsewhere, with other roundings. */
    readonly rebind?: boolean;
  };
  /** Milliseconds between pictures (250) and between checkpoints (15000); 0 sends none but the last. */
  readonly pictureMs?: number;
  readonly checkpointMs?: number;
  /** Steps between readings of the losses (10). */
  readonly lossEvery?: number;
}

/** What the job `stylize` tells while it runs. */
export type StylizeEvent =
  | { readonly type: 'stage'; readonly text: string; readonly stage: StyleStage }
  | ({ readonly type: 'compile' } & CompileProgress)
  | { readonly type: 'tile'; readonly step: number; readonly done: number; readonly total: number }
  | { readonly type: 'started'; readonly phases: readonly RunPhase[]; readonly trace: StyleTrace }
  | ({ readonly type: 'step' } & Pick<StepEvent, 'step' | 'total' | 'scale' | 'remaining' | 'losses'>)
  | ({ readonly type: 'picture'; readonly step: number } & Pixels)
  | { readonly type: 'checkpoint'; readonly step: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'paused'; readonly paused: boolean };

/** RGBA bytes for a canvas. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** What the job `stylize` can be told while it runs. */
export type StylizeMessage =
  | { readonly type: 'pause' }
  | { readonly type: 'continue' }
  /** Sends a checkpoint after the current step. */
  | { readonly type: 'checkpoint' };

/** What a run of the job `stylize` has made. */
export interface StylizeDone {
  readonly image: RgbImage;
  /** The content at the result's size, for the mixer. */
  readonly content: RgbImage;
  readonly checkpoint: Uint8Array<ArrayBuffer>;
  readonly manifest: RunManifest;
  readonly trace: StyleTrace;
  readonly steps: number;
  readonly total: number;
  /** Cancelled before its end: the checkpoint goes on. */
  readonly aborted: boolean;
}

/** Pictures read back take time of the GPU: at most this share of it. */
const PICTURE_SHARE = 0.2;

/** The job `stylize`. Cancelled, it ends after the current step with what there is. Throws as `stylize` does. */
export function stylizeJob(
  worker: WorkerContext,
): Job<StylizeParams, StylizeEvent, StylizeMessage, StylizeDone> {
  return async (params, context) => {
    worker.onCompile = (progress) => context.emit({ type: 'compile', ...progress });
    try {
      return await new LiveRun(worker, params, context).go();
    } finally {
      worker.onCompile = undefined;
    }
  };
}

/** What a run is made from. */
interface RunPictures {
  readonly content: DecodedPicture;
  readonly styles: readonly (DecodedPicture & { readonly mask: DecodedPicture | undefined })[];
  readonly contentMask: DecodedPicture | undefined;
  readonly initImage: DecodedPicture | undefined;
}

class LiveRun {
  private paused: { readonly until: Promise<void>; readonly end: () => void } | undefined;
  private wantsCheckpoint = false;
  private pictureDue = 0;
  /** Set by the first step: what comes before it can be had again. */
  private checkpointDue: number | undefined;

  constructor(
    private readonly worker: WorkerContext,
    private readonly params: StylizeParams,
    private readonly context: JobContext<StylizeEvent, StylizeMessage>,
  ) {
    context.signal.addEventListener('abort', () => this.paused?.end());
    context.onMessage((message) => this.hear(message));
  }

  async go() {
    const { params, context } = this;
    const device = await this.worker.device(params.precision ?? precisionOf(params));
    const weights = await this.worker.weights(params.net ?? 'vgg19-slim');
    const pictures = await this.decode();
    const { contentMask, initImage } = pictures;
    const plain = {
      weights,
      content: pictures.content.image,
      style: pictures.styles.map(({ image, mask }, i) => ({
        image,
        weight: params.styles[i]!.share,
        ...(mask ? { mask: mask.image } : {}),
      })),
      ...(contentMask ? { contentMask: contentMask.image } : {}),
      ...(initImage ? { initImage: initImage.image } : {}),
    };
    const resume = await resumed(plain, params);
    const input = { ...plain, ...(resume ? { resume } : { options: params.options ?? {} }) };
    let phases: RunPhase[] | undefined;
    const begin = (options: StyleOptions, trace: StyleTrace) => {
      phases = phasesOf(params, options, resume?.step ?? 0);
      context.emit({ type: 'started', phases, trace });
    };
    if (resume) begin(resume.options, resume.trace);
    const result = await stylize(
      { device, ...input },
      {
        signal: context.signal,
        ...(params.lossEvery ? { lossEvery: params.lossEvery } : {}),
        onStage: (text, stage) => context.emit({ type: 'stage', text, stage }),
        onTile: ({ step, done, total }) => context.emit({ type: 'tile', step, done, total }),
        onStep: async (event) => {
          if (!phases) begin((await event.checkpoint()).options, { steps: [], series: {}, scales: [] });
          await this.afterStep(event);
        },
      },
    );
    phases ??= phasesOf(params, result.options, 0);
    return this.done(device, input, result, { ...pictures, phases });
  }

  private async decode(): Promise<RunPictures> {
    const { worker, params } = this;
    const read = (role: string, { file, name }: NamedFile) => worker.picture(file, `${role} ${name}`);
    const optional = async (role: string, picture: NamedFile | undefined) =>
      picture && (await read(role, picture));
    const content = await read('content', params.content);
    const styles: RunPictures['styles'][number][] = [];
    for (const style of params.styles)
      styles.push({ ...(await read('style', style)), mask: await optional('style mask', style.mask) });
    return {
      content,
      styles,
      contentMask: await optional('content mask', params.contentMask),
      initImage: await optional('init', params.initImage),
    };
  }

  private hear(message: StylizeMessage): void {
    if (message.type === 'checkpoint') {
      this.wantsCheckpoint = true;
    } else if (message.type === 'continue') {
      this.paused?.end();
    } else if (!this.paused) {
      let end = () => {};
      const until = new Promise<void>((resolve) => {
        end = resolve;
      });
      this.paused = { until, end };
    }
  }

  private async afterStep(event: StepEvent): Promise<void> {
    const { step, total, scale, remaining, losses } = event;
    const { context } = this;
    context.emit({ type: 'step', step, total, scale, remaining, ...(losses ? { losses } : {}) });
    if (this.paused) {
      // What is on the screen and in the store is then of this very step.
      await this.sendPicture(event);
      await this.sendCheckpoint(event);
      context.emit({ type: 'paused', paused: true });
      if (!context.signal.aborted) await this.paused.until;
      this.paused = undefined;
      context.emit({ type: 'paused', paused: false });
      return;
    }
    const { pictureMs = 250, checkpointMs = 15_000 } = this.params;
    if (pictureMs > 0 && performance.now() >= this.pictureDue) {
      const began = performance.now();
      await this.sendPicture(event);
      const took = performance.now() - began;
      this.pictureDue = performance.now() + Math.max(pictureMs, took / PICTURE_SHARE);
    }
    this.checkpointDue ??= performance.now() + checkpointMs;
    if (this.wantsCheckpoint || (checkpointMs > 0 && performance.now() >= this.checkpointDue))
      await this.sendCheckpoint(event);
  }

  private async sendPicture(event: StepEvent): Promise<void> {
    const { width, height, ...image } = await event.snapshot();
    const pixels = toPixels({ width, height, ...image });
    this.context.emit({ type: 'picture', step: event.step, width, height, pixels }, [pixels.buffer]);
  }

  private async sendCheckpoint(event: StepEvent): Promise<void> {
    const bytes = exact(encodeCheckpoint(await event.checkpoint()));
    this.wantsCheckpoint = false;
    this.checkpointDue = performance.now() + (this.params.checkpointMs ?? 15_000);
    this.context.emit({ type: 'checkpoint', step: event.step, bytes }, [bytes.buffer]);
  }

  private async done(
    device: Device,
    input: Omit<StylizeInput, 'device'>,
    result: StylizeResult,
    made: RunPictures & { readonly phases: readonly RunPhase[] },
  ) {
    const { params } = this;
    const { image, trace, steps, aborted } = result;
    const content = await contentAt(device, { ...input, resume: result.checkpoint }, image);
    const checkpoint = exact(encodeCheckpoint(result.checkpoint));
    const named = ({ name }: NamedFile, { sha256, image: { width, height } }: DecodedPicture) => ({
      name,
      sha256,
      width,
      height,
    });
    const { adapter } = device;
    const manifest: RunManifest = {
      format: 'facet-style-run-1',
      facet: FACET_VERSION,
      net: input.weights.net,
      weights: input.weights.sha256,
      precision: device.target.precision,
      content: named(params.content, made.content),
      styles: made.styles.map((style, i) => ({
        ...named(params.styles[i]!, style),
        ...(style.mask ? { mask: named(params.styles[i]!.mask!, style.mask) } : {}),
      })),
      ...(made.contentMask ? { contentMask: named(params.contentMask!, made.contentMask) } : {}),
      ...(made.initImage ? { initImage: named(params.initImage!, made.initImage) } : {}),
      phases: made.phases.map(({ from, options, shares }) => ({ from, options, shares: [...shares] })),
      steps,
      mix: PLAIN_MIX,
      adapter: adapter.description || adapter.device || `${adapter.vendor} ${adapter.architecture}`,
    };
    const total = result.options.iterations;
    const ended: StylizeDone = { image, content, checkpoint, manifest, trace, steps, total, aborted };
    return transferring(ended, [checkpoint.buffer]);
  }
}

/** The precision that the run was begun with. */
function precisionOf({ resume }: StylizeParams): Precision {
  return resume ? decodeCheckpoint(resume.checkpoint, 'the checkpoint').precision : 'f32';
}

async function resumed(
  input: Omit<StylizeInput, 'device' | 'options' | 'resume'>,
  { resume }: StylizeParams,
): Promise<Checkpoint | undefined> {
  if (!resume) return undefined;
  let checkpoint = decodeCheckpoint(resume.checkpoint, 'the checkpoint');
  const { net } = input.weights;
  if (checkpoint.identity.net !== net)
    throw new InputError(`the checkpoint is of a run with ${checkpoint.identity.net}, not ${net}`);
  if (resume.changes || resume.rebind) checkpoint = await reviseRun(checkpoint, input, resume.changes ?? {});
  if (resume.grow) checkpoint = await growRun(checkpoint, input);
  return checkpoint;
}

/** What the run was asked for, up to its latest change. */
function phasesOf({ resume, styles }: StylizeParams, options: StyleOptions, step: number): RunPhase[] {
  const shares = styles.map(({ share }) => share);
  if (!resume) return [{ from: 0, options, shares }];
  const before = resume.phases ?? [];
  // Without a record the checkpoint's own options are taken to be those of the whole run.
  if (before.length === 0) return [{ from: 0, options, shares }];
  const kept = before.filter(({ from }) => from < step);
  const last = kept.at(-1);
  if (last && sameWishes(last, { options, shares })) return kept;
  return withPhase(before, { from: step, options, shares });
}

/** Options that were read from a file lie in another order. */
function sameWishes(a: Omit<RunPhase, 'from'>, b: Omit<RunPhase, 'from'>): boolean {
  const text = ({ options, shares }: Omit<RunPhase, 'from'>) =>
    JSON.stringify([Object.entries(options).sort(([x], [y]) => (x < y ? -1 : 1)), shares]);
  return text(a) === text(b);
}

/** The bytes in a buffer of their own length, which can be moved. */
function exact(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
}
