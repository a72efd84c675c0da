// The last so many crops with what a teacher says of them, in one file of slots: crop i lies in slot i modulo their number.
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../../../src/base/errors.js';
import { reasonOf } from '../overwrite.js';

/** Bytes before a slot's content: the number of its crop plus 1, or 0 where it is none. */
const HEAD = 8;
/** Bytes before the first slot: the digest of what the crops depend on. */
const TITLE = 32;

/**
 * Owns a file of `slots` slots of `bytes` each; `contract` is the SHA-256 (hexadecimal) of all that a slot's content depends
 * on besides its number: a file of another is begun anew.
 */
export class CropRing {
  private constructor(
    private readonly file: FileHandle,
    readonly slots: number,
    private readonly bytes: number,
    /** The crop of each slot plus 1. */
    private readonly held: Float64Array,
  ) {}

  static async open(path: string, contract: string, slots: number, bytes: number): Promise<CropRing> {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'a')
      .then(async (made) => {
        await made.close();
        return open(path, 'r+');
      })
      .catch((error: NodeJS.ErrnoException) => {
        throw new InputError(`${path}: ${reasonOf(error)}`, { cause: error });
      });
    try {
      const title = Buffer.alloc(TITLE);
      await file.read(title, 0, TITLE, 0);
      const ring = new CropRing(file, slots, bytes, new Float64Array(slots));
      if (title.toString('hex') !== contract) {
        await file.truncate(0);
        await file.write(Buffer.from(contract, 'hex'), 0, TITLE, 0);
        return ring;
      }
      const head = Buffer.alloc(HEAD);
      for (let slot = 0; slot < slots; slot++) {
        const { bytesRead } = await file.read(head, 0, HEAD, ring.place(slot));
        if (bytesRead < HEAD) break;
        ring.held[slot] = head.readDoubleLE(0);
      }
      return ring;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Bytes of the file when it is full. */
  static sizeOf(slots: number, bytes: number): number {
    return TITLE + slots * (HEAD + bytes);
  }

  has(crop: number): boolean {
    return this.held[crop % this.slots] === crop + 1;
  }

  /** Puts crop `crop` in the place of the one `slots` before it. A process that is killed leaves the slot empty or whole. */
  async write(crop: number, content: Uint8Array): Promise<void> {
    const slot = crop % this.slots;
    const at = this.place(slot);
    const head = Buffer.alloc(HEAD);
    this.held[slot] = 0;
    await this.file.write(head, 0, HEAD, at);
    await this.file.write(content, 0, this.bytes, at + HEAD);
    head.writeDoubleLE(crop + 1, 0);
    await this.file.write(head, 0, HEAD, at);
    this.held[slot] = crop + 1;
  }

  /** The content of a crop that it has. */
  async read(crop: number): Promise<Uint8Array<ArrayBuffer>> {
    const content = new Uint8Array(this.bytes);
    await this.file.read(content, 0, this.bytes, this.place(crop % this.slots) + HEAD);
    return content;
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private place(slot: number): number {
    return TITLE + slot * (HEAD + this.bytes);
  }
}
