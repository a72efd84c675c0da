// A job's picture, made on the GPU: from the bytes that a client sent to the bytes of a PNG.
import { InputError } from '../../src/base/errors.js';
import type { Json } from '../../src/faces/gallery/types.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../src/style/checkpoint.js';
import type { StyleSource } from '../../src/style/input.js';
import { type StepEvent, stylize } from '../../src/style/stylize.js';
import { encodePicture, readPicture } from '../node/pictures.js';
import { weightsFor } from '../node/style/weights-for.js';
import type { Gpu } from './gpu.js';
import type { Progress } from './jobs/types.js';
import { optionsOf, type StyleSpec } from './spec.js';

/** What a worker wants to know and to decide while a picture is made. */
export interface WorkHooks {
  readonly signal: AbortSignal;
  /** After each step; the promise is awaited, and `checkpoint` is to be called before it resolves. */
  onStep(progress: Progress, checkpoint: () => Promise<Uint8Array>): Promise<void>;
}

/** A finished picture, or where it was left. */
export type WorkOutcome =
  | { readonly done: true; readonly result: Uint8Array; readonly facts: Json }
  | { readonly done: false; readonly checkpoint: Uint8Array; readonly progress: Progress };

/** Makes pictures. */
export interface StyleEngine {
  /** Goes on from `resume`, bit for bit, where that is given. InputError for what no other attempt would mend. */
  run(
    spec: StyleSpec,
    inputs: ReadonlyMap<string, Uint8Array>,
    resume: Uint8Array | undefined,
    hooks: WorkHooks,
  ): Promise<WorkOutcome>;
}

/** The engine on a device, which it shares with whoever waits between two steps. */
export class GpuStyleEngine implements StyleEngine {
  constructor(private readonly gpu: Gpu) {}

  async run(
    spec: StyleSpec,
    inputs: ReadonlyMap<string, Uint8Array>,
    resume: Uint8Array | undefined,
    hooks: WorkHooks,
  ): Promise<WorkOutcome> {
    const checkpoint = resume && decodeCheckpoint(resume, 'the kept checkpoint');
    const content = await readPicture(input(inputs, 'content'), { where: 'content' });
    const style: StyleSource[] = [];
    for (const [i, weight] of spec.styleWeights.entries()) {
      const image = await readPicture(input(inputs, `style:${i}`), { where: `style ${i + 1}` });
      style.push({ image, weight });
    }
    const options = optionsOf(spec);
    const weights = await weightsFor({ net: spec.net }, options, checkpoint?.options);
    return this.gpu.turns.long(async () => {
      try {
        const device = await this.gpu.device(spec.precision);
        const result = await stylize(
          { device, weights, content, style, options, ...(checkpoint ? { resume: checkpoint } : {}) },
          {
            signal: hooks.signal,
            onStep: async (event) => {
              await hooks.onStep(progressOf(event), async () => encodeCheckpoint(await event.checkpoint()));
              await this.gpu.turns.between();
            },
          },
        );
        if (result.aborted) return left(result.checkpoint);
        const { width, height } = result.image;
        const losses = Object.fromEntries(
          Object.entries(result.trace.series).map(([name, values]) => [name, values.at(-1) ?? null]),
        );
        return {
          done: true,
          result: await encodePicture(result.image, 'png'),
          facts: { width, height, steps: result.steps, net: spec.net, weights: weights.sha256, losses },
        };
      } catch (error) {
        await this.gpu.discardAfter(error);
        throw error;
      }
    });
  }
}

function left(checkpoint: Checkpoint): WorkOutcome {
  return {
    done: false,
    checkpoint: encodeCheckpoint(checkpoint),
    progress: { step: checkpoint.step, total: checkpoint.options.iterations },
  };
}

function progressOf({ step, total }: StepEvent): Progress {
  return { step, total };
}

function input(inputs: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = inputs.get(name);
  if (!bytes) throw new InputError(`the job has no picture ${name}`);
  return bytes;
}
