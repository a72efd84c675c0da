// A file on its way: what has arrived lies in `<to>.part`, what it is in `<to>.part.json`. Both stay after a
// failure, so that a later call can go on from there.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  writeFile,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { WeightsError } from '../base/errors.js';
import type { Reply } from './node-http.js';

/** Bytes `begin` to `end` of a file, `end` excluded. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

/** What `<to>.part.json` remembers. */
export interface PartState {
  readonly url: string;
  /** The server's ETag or date of the file: a later answer is of the same file only if it is equal. */
  readonly validator: string | null;
  /** The byte ranges in the part file, one after the other; null for a whole file from the start. */
  readonly ranges: readonly ByteRange[] | null;
}

/** The growing file. Throws WeightsError where the disk refuses. */
export class PartFile {
  readonly path: string;
  readonly #statePath: string;
  #size = 0;

  constructor(to: string) {
    this.path = `${to}.part`;
    this.#statePath = `${to}.part.json`;
  }

  /** Bytes that have arrived. */
  get size(): number {
    return this.#size;
  }

  /** Takes up what an earlier call left, if `fits`; else stands at zero. */
  async resume(fits: (state: PartState) => boolean): Promise<PartState | undefined> {
    try {
      const state = JSON.parse(await readFile(this.#statePath, 'utf8')) as PartState;
      if (!fits(state)) return undefined;
      this.#size = (await stat(this.path)).size;
      return state;
    } catch {
      // Nothing there, or not readable as what it should be: both mean a start from zero.
      return undefined;
    }
  }

  async restart(state: PartState): Promise<void> {
    this.#size = 0;
    await this.#guard(async () => {
      await mkdir(dirname(this.path), { recursive: true });
      await (await open(this.path, 'w')).close();
      await writeFile(this.#statePath, JSON.stringify(state));
    });
  }

  /** Throws WeightsError where `bytes` more will not fit, rather than after an hour of travel. */
  async checkRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(dirname(this.path));
    if (bavail * bsize < bytes) {
      throw new WeightsError(
        `${this.path}: the disk is full: ${bytes} bytes are to come, ${bavail * bsize} are free`,
      );
    }
  }

  /** Writes a reply's body at the end, up to `limit` bytes in the file. */
  async append(reply: Reply, limit: number | undefined, onChunk: () => void): Promise<void> {
    const file = await this.#guard(() => open(this.path, 'r+'));
    try {
      for await (const chunk of reply.chunks()) {
        if (limit !== undefined && this.#size + chunk.length > limit) {
          throw new WeightsError(`${this.path}: the server sent more than the ${limit} bytes it announced`);
        }
        await this.#guard(() => this.#write(file, chunk));
        onChunk();
      }
    } finally {
      await file.close();
    }
  }

  sha256(): Promise<string> {
    return sha256OfFile(this.path);
  }

  async moveTo(to: string): Promise<void> {
    await this.#guard(() => rename(this.path, to));
    await rm(this.#statePath, { force: true });
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
    await rm(this.#statePath, { force: true });
  }

  /** A nearly full disk takes a part of a write first and refuses the rest then. */
  async #write(file: FileHandle, chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await file.write(chunk, done, chunk.length - done, this.#size);
      done += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  async #guard<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const full = code === 'ENOSPC' || code === 'EDQUOT';
      const reason = full ? `the disk is full (${code}); make room and run it again` : message;
      throw new WeightsError(`${this.path}: after ${this.#size} bytes: ${reason}`, { cause: error });
    }
  }
}

/** sha-256 of a file, 64 hexadecimal digits. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
