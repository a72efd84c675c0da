// A folder with the checkpoints of one training: the last few, and the best.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../../src/base/errors.js';
import { decodeTrainingCheckpoint, type TrainingCheckpoint } from '../../../src/training/checkpoint.js';
import { reasonOf, writeAtomically } from '../overwrite.js';

/** `step-000000123.safetensors`: names in the order of their steps. */
const NAME = /^step-(\d{9,})\.safetensors$/;
const BEST = 'best.safetensors';

/** A checkpoint as it was found. */
export interface FoundCheckpoint {
  readonly path: string;
  readonly checkpoint: TrainingCheckpoint;
  /** Newer files that could not be read, each with the reason, in one line. */
  readonly passedOver: readonly string[];
}

/**
 * Writes checkpoints into `folder`, which is made where it is missing, and keeps the last `keep` of them and the best. Those of
 * later steps than the one that is written are never removed by it: they may be all that is left of another run.
 */
export class CheckpointFolder {
  constructor(
    readonly folder: string,
    private readonly keep = 3,
  ) {
    if (!Number.isInteger(keep) || keep < 1)
      throw new InputError(`checkpoints: at least 1 must be kept, got ${keep}`);
  }

  /** The best one so far, where a checkpoint had a score. */
  get best(): string {
    return join(this.folder, BEST);
  }

  /**
   * Writes a checkpoint, as a whole or not at all, then the best one where its score is above that of the best, then
   * removes what is superseded; in this order, so that a crash leaves more, not less. Returns its path.
   */
  async save(bytes: Uint8Array): Promise<string> {
    await mkdir(this.folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      throw new InputError(`${this.folder}: ${reasonOf(error)}`, { cause: error });
    });
    const { step, score } = decodeTrainingCheckpoint(bytes, 'the checkpoint to be kept');
    const path = join(this.folder, `step-${String(step).padStart(9, '0')}.safetensors`);
    await writeAtomically(path, bytes, { force: true });
    if (score !== undefined) {
      const before = await this.read(BEST).catch((error: unknown) => {
        // One that cannot be read is replaced.
        if (error instanceof InputError) return undefined;
        throw error;
      });
      if (!(before?.score !== undefined && before.score >= score))
        await writeAtomically(this.best, bytes, { force: true });
    }
    const upToThis = (await this.steps()).filter((name) => stepOf(name) <= step);
    for (const name of upToThis.slice(0, -this.keep)) await rm(join(this.folder, name), { force: true });
    return path;
  }

  /**
   * Removes the checkpoints of later steps, the best one too if it is of a later step or cannot be read: a training is taken
   * up again before them, or (0) begun anew.
   */
  async forgetAfter(step: number): Promise<void> {
    for (const name of await this.steps())
      if (stepOf(name) > step) await rm(join(this.folder, name), { force: true });
    const best = await this.read(BEST).catch((error: unknown) => {
      if (error instanceof InputError) return undefined;
      throw error;
    });
    if (!best || best.step > step) await rm(this.best, { force: true });
  }

  /**
   * The newest checkpoint that can be read; undefined where the folder has none or is not there. InputError where there
   * are some and none can be read.
   */
  async latest(): Promise<FoundCheckpoint | undefined> {
    const passedOver: string[] = [];
    for (const name of (await this.steps()).reverse()) {
      try {
        return { path: join(this.folder, name), checkpoint: await this.read(name), passedOver };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        passedOver.push(error.message);
      }
    }
    if (passedOver.length > 0)
      throw new InputError(`${this.folder}: no checkpoint can be read: ${passedOver.join('; ')}`);
    return undefined;
  }

  private async read(name: string): Promise<TrainingCheckpoint> {
    const path = join(this.folder, name);
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      throw new InputError(`${path}: ${reasonOf(error)}`, { cause: error });
    });
    return decodeTrainingCheckpoint(bytes, path);
  }

  /** Names of the checkpoints, by step. */
  private async steps(): Promise<string[]> {
    const names = await readdir(this.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw new InputError(`${this.folder}: ${reasonOf(error)}`, { cause: error });
    });
    return names.filter((name) => NAME.test(name)).sort((a, b) => stepOf(a) - stepOf(b));
  }
}

function stepOf(name: string): number {
  return Number(NAME.exec(name)![1]);
}
