// The checkpoint of a run on disk: written now and then, saved from a full disk, removed when the picture is done.
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InputError } from '../../src/base/errors.js';
import { cacheFolder } from '../../src/platform/node-paths.js';
import { type Checkpoint, encodeCheckpoint } from '../../src/style/checkpoint.js';
import { writeAtomically } from '../node/overwrite.js';

/** Keeps one checkpoint, the latest. */
export class CheckpointKeeper {
  private latest: { readonly path: string; readonly step: number } | undefined;
  private own: boolean;

  /** `replaces`: the file at `path` may be replaced; `own`: it is the run's own and goes with `remove`. */
  constructor(
    private readonly path: string,
    private readonly options: { readonly replaces: boolean; readonly own: boolean },
  ) {
    this.own = options.own;
  }

  /** The latest checkpoint that was written, if any. */
  get kept(): { readonly path: string; readonly step: number } | undefined {
    return this.latest;
  }

  /** Writes a checkpoint over the last one. InputError where the disk refuses. */
  async save(checkpoint: Checkpoint): Promise<void> {
    const force = this.options.replaces || this.own;
    await writeAtomically(this.path, encodeCheckpoint(checkpoint), { force });
    this.own = true;
    this.latest = { path: this.path, step: checkpoint.step };
  }

  /** As `save`, but where that fails into the cache folder. InputError where that fails too. */
  async rescue(checkpoint: Checkpoint): Promise<void> {
    try {
      await this.save(checkpoint);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const folder = join(cacheFolder(), 'rescued');
      const path = join(folder, `${Date.now()}-${basename(this.path)}`);
      // The write tells what is wrong with a folder that could not be made.
      await mkdir(folder, { recursive: true }).catch(() => undefined);
      await writeAtomically(path, encodeCheckpoint(checkpoint));
      this.latest = { path, step: checkpoint.step };
    }
  }

  /** Removes what this run wrote: a finished picture needs no checkpoint. */
  async remove(): Promise<void> {
    if (this.own) await rm(this.path, { force: true });
    this.latest = undefined;
  }
}
