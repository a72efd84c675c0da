// Aligned faces on disk: one packed file of 8-bit pixels, and an index of JSON lines that says whose they are. Both only
// grow; a line is written once its pixels are safe, so that a process may be killed at any time.
import { type FileHandle, mkdir, open, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../../src/base/errors.js';
import { LANDMARK_COUNT, type Point } from '../../../src/faces/landmarks.js';
import { reasonOf } from '../overwrite.js';
import { takeLock } from './lock.js';

/** What crops depend on: a cache holds crops of one contract. */
export interface CropContract {
  /** Name of the template and side of a crop in pixels. */
  readonly template: string;
  readonly side: number;
  /** `detected`, or `given` for pictures that were aligned before. */
  readonly source: 'detected' | 'given';
  /** SHA-256 of the nets that found the faces; empty for `given`. */
  readonly nets: string;
}

const headerSchema = z.object({
  format: z.literal('facet crops'),
  version: z.literal(1),
  template: z.string(),
  side: z.int().min(1),
  source: z.enum(['detected', 'given']),
  nets: z.string(),
});

const lineSchema = z.object({
  path: z.string(),
  bytes: z.int().min(0),
  modified: z.number(),
  sha256: z.string().optional(),
  skipped: z.string().optional(),
  /** An earlier record that holds the same crop. */
  record: z.int().min(0).optional(),
});

/** A file as it was when it was aligned; `path` is relative to the folder of people. */
export interface FileState {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

/** A line of the index. */
export interface CropEntry extends FileState {
  /** Of the file, hexadecimal. */
  readonly sha256?: string | undefined;
  /** Why it gave no crop. */
  readonly skipped?: string | undefined;
  /** Number of its record in the packed file; undefined where it was skipped. */
  readonly record?: number | undefined;
}

/** What is appended. */
export interface NewCrop {
  readonly file: FileState;
  readonly sha256: string;
  /** [side][side][3], 8 bits. */
  readonly pixels: Uint8Array;
  /** In pixels of the picture; none where the picture was aligned before. */
  readonly landmarks: readonly Point[] | undefined;
}

const LANDMARK_BYTES = 8 * LANDMARK_COUNT;

/** Owns the two files of a folder; `close` lets go of them. */
export class CropCache {
  /** By path; the last line about a path counts. */
  private readonly entries = new Map<string, CropEntry>();
  private records = 0;

  private constructor(
    readonly folder: string,
    readonly contract: CropContract,
    private readonly pack: FileHandle,
    private readonly index: FileHandle,
    private readonly unlock: () => Promise<void>,
  ) {}

  /**
   * Opens the cache in `folder`, or begins one. What a killed process left unfinished is cut off. InputError where the
   * folder holds crops of another contract, is broken, or is being written by another process.
   */
  static async open(folder: string, contract: CropContract): Promise<CropCache> {
    await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      throw new InputError(`${folder}: could not be made (${error.code})`, { cause: error });
    });
    const unlock = await takeLock(join(folder, 'lock'), `the cache ${folder}`);
    const opened: FileHandle[] = [];
    try {
      const indexPath = join(folder, 'index.jsonl');
      const packPath = join(folder, 'crops.bin');
      const text = await readFile(indexPath, 'utf8').catch((error: NodeJS.ErrnoException) => {
        // Whatever else keeps it from being read must not begin a new one in its place.
        if (error.code === 'ENOENT') return '';
        throw new InputError(`${indexPath}: ${reasonOf(error)}`, { cause: error });
      });
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      const lines = whole.split('\n').slice(0, -1);
      if (lines.length > 0) checkHeader(lines[0]!, contract, folder);
      if (whole.length < text.length) await truncate(indexPath, Buffer.byteLength(whole));
      const index = await open(indexPath, 'a');
      opened.push(index);
      const pack = await open(packPath, lines.length > 0 ? 'r+' : 'w+');
      opened.push(pack);
      const cache = new CropCache(folder, contract, pack, index, unlock);
      if (lines.length === 0) {
        await index.write(`${JSON.stringify({ format: 'facet crops', version: 1, ...contract })}\n`);
      }
      for (const [i, line] of lines.slice(1).entries()) cache.take(parsed(line, `${indexPath}:${i + 2}`));
      await cache.checkPack(packPath);
      return cache;
    } catch (error) {
      for (const file of opened) await file.close();
      await unlock();
      throw error;
    }
  }

  /** Pixels of a record, in bytes. */
  get pixelBytes(): number {
    return 3 * this.contract.side ** 2;
  }

  /** Records in the packed file, those of files that changed since included. */
  get length(): number {
    return this.records;
  }

  /** What is known of a file, if it has not changed since. */
  find(file: FileState): CropEntry | undefined {
    const entry = this.entries.get(file.path);
    return entry && entry.bytes === file.bytes && entry.modified === file.modified ? entry : undefined;
  }

  /** What was known of a path, whether or not the file has changed. */
  last(path: string): CropEntry | undefined {
    return this.entries.get(path);
  }

  /** Appends crops and what was skipped; on disk when this returns. */
  async append(
    crops: readonly NewCrop[],
    skipped: readonly (FileState & { reason: string })[],
  ): Promise<void> {
    if (crops.length === 0 && skipped.length === 0) return;
    const bytes = new Uint8Array(crops.length * this.recordBytes);
    for (const [i, { pixels, landmarks }] of crops.entries()) {
      const at = i * this.recordBytes;
      const points = new Float32Array(bytes.buffer, at, 2 * LANDMARK_COUNT);
      if (landmarks) points.set(landmarks.flatMap(({ x, y }) => [x, y]));
      else points.fill(Number.NaN);
      bytes.set(pixels, at + LANDMARK_BYTES);
    }
    await this.pack.write(bytes, 0, bytes.length, this.records * this.recordBytes);
    await this.pack.datasync();
    const lines = [
      ...crops.map(({ file, sha256 }) => ({ ...file, sha256 })),
      ...skipped.map(({ reason, ...file }) => ({ ...file, skipped: reason })),
    ];
    await this.index.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await this.index.datasync();
    for (const line of lines) this.take(line);
  }

  /** Notes that a file whose date changed has the content of an earlier record still. */
  async restate(file: FileState, known: CropEntry): Promise<void> {
    const { sha256, record } = known;
    const line = { ...file, sha256, record };
    await this.index.write(`${JSON.stringify(line)}\n`);
    this.take(line);
  }

  /** A record's pixels and landmarks. */
  async read(record: number): Promise<{ pixels: Uint8Array; landmarks: Point[] | undefined }> {
    const bytes = new Uint8Array(this.recordBytes);
    await this.pack.read(bytes, 0, bytes.length, record * this.recordBytes);
    const points = new Float32Array(bytes.buffer, 0, 2 * LANDMARK_COUNT);
    const landmarks = Number.isNaN(points[0]!)
      ? undefined
      : Array.from({ length: LANDMARK_COUNT }, (_, i) => ({ x: points[2 * i]!, y: points[2 * i + 1]! }));
    return { pixels: bytes.subarray(LANDMARK_BYTES), landmarks };
  }

  async close(): Promise<void> {
    await this.pack.close();
    await this.index.close();
    await this.unlock();
  }

  private get recordBytes(): number {
    return LANDMARK_BYTES + this.pixelBytes;
  }

  private take(line: z.infer<typeof lineSchema>): void {
    const record = line.skipped === undefined ? (line.record ?? this.records++) : undefined;
    this.entries.set(line.path, { ...line, record });
  }

  private async checkPack(path: string): Promise<void> {
    const { size } = await this.pack.stat();
    const needed = this.records * this.recordBytes;
    if (size < needed) {
      throw new InputError(
        `${path}: holds ${size} bytes, ${this.records} crops need ${needed}; delete ${this.folder} to align anew`,
      );
    }
    await this.pack.truncate(needed);
  }
}

function checkHeader(line: string, contract: CropContract, folder: string): void {
  const header = headerSchema.safeParse(jsonOf(line));
  if (!header.success)
    throw new InputError(`${folder}: index.jsonl does not begin as an index of crops does`);
  for (const key of ['template', 'side', 'source', 'nets'] as const) {
    if (header.data[key] !== contract[key]) {
      throw new InputError(
        `${folder}: the crops were made with ${key} ${header.data[key]}, asked for is ${contract[key]}; choose another --cache or delete it`,
      );
    }
  }
}

function parsed(line: string, where: string): z.infer<typeof lineSchema> {
  const result = lineSchema.safeParse(jsonOf(line));
  if (!result.success) throw new InputError(`${where}: is no line of an index of crops`);
  return result.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told by the schema, which has no place for undefined.
    return undefined;
  }
}
