// A teacher's embeddings of crops and of their mirror images, on disk: they cost far more than reading them.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../../src/base/errors.js';
import { type RgbImage, rgbImage } from '../../../src/base/image.js';
import { alignFace, type FaceTemplate } from '../../../src/faces/align.js';
import { middleBox } from '../../../src/faces/boxes.js';
import { DIMENSION } from '../../../src/faces/gallery/types.js';
import type { FacePipeline } from '../../../src/faces/pipeline.js';
import { readPicture } from '../pictures.js';
import type { Crop } from './align-people.js';
import type { CropCache } from './crop-cache.js';

/** Pictures whose two embeddings are computed together: with the mirror images, what the pipeline runs at once. */
const BATCH = 8;
const HASH_BYTES = 32;
const ROW_BYTES = HASH_BYTES + 2 * DIMENSION * 4;

/**
 * Owns a file of rows: the SHA-256 of a picture's file, then the embeddings of its face and of the mirror image, 128 f32
 * each. It only grows; what holds for a picture holds in every cache, so that the file may be copied from one to another.
 */
export class TeacherCache {
  private constructor(
    private readonly file: FileHandle,
    private bytes: number,
    /** [2][128] by hash. */
    private readonly rows: Map<string, Float32Array>,
  ) {}

  /** Opens the rows of a teacher whose weights have the digest `weights` beside `crops`; cuts off one that is not whole. */
  static async open(crops: CropCache, net: string, weights: string): Promise<TeacherCache> {
    const path = join(crops.folder, `teacher-${net}-${weights.slice(0, 16)}.bin`);
    const file = await open(path, constants.O_RDWR | constants.O_CREAT);
    const { size } = await file.stat();
    const count = Math.floor(size / ROW_BYTES);
    const all = new Uint8Array(count * ROW_BYTES);
    await file.read(all, 0, all.length, 0);
    const rows = new Map<string, Float32Array>();
    for (let i = 0; i < count; i++) {
      const row = all.subarray(i * ROW_BYTES, (i + 1) * ROW_BYTES);
      const hash = Buffer.from(row.subarray(0, HASH_BYTES)).toString('hex');
      rows.set(hash, new Float32Array(row.slice(HASH_BYTES).buffer));
    }
    return new TeacherCache(file, all.length, rows);
  }

  /** Whether a file of that hash has been embedded. */
  has(sha256: string): boolean {
    return this.rows.has(sha256);
  }

  /** The embedding of a file's face, or of its mirror image: 128 numbers of length 1. InputError where it has none yet. */
  row(sha256: string, mirrored: boolean): Float32Array {
    const both = this.rows.get(sha256);
    if (!both) throw new InputError(`the teacher was not asked about the picture with SHA-256 ${sha256}`);
    return both.subarray(mirrored ? DIMENSION : 0, mirrored ? 2 * DIMENSION : DIMENSION);
  }

  /** Embeds those of `crops` that have no row yet. InputError where a picture has vanished meanwhile. */
  async fill(
    pipeline: FacePipeline,
    template: FaceTemplate,
    folder: string,
    cache: CropCache,
    crops: readonly Crop[],
    options: {
      readonly progress?: (done: number, total: number) => void;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<void> {
    const due = crops.filter(({ sha256 }) => !this.has(sha256));
    for (let first = 0; first < due.length && !options.signal?.aborted; first += BATCH) {
      const part = due.slice(first, first + BATCH);
      const pictures = await Promise.all(part.map(({ path }) => readPicture(join(folder, path))));
      const chips: RgbImage[] = [];
      for (const [i, { record }] of part.entries()) {
        chips.push(await teacherChip(pipeline, template, cache, record, pictures[i]!));
      }
      const vectors = await pipeline.embed([...chips, ...chips.map(mirrored)]);
      for (const [i, { sha256 }] of part.entries()) {
        await this.keep(sha256, vectors[i]!, vectors[part.length + i]!);
      }
      await this.file.datasync();
      options.progress?.(first + part.length, due.length);
    }
  }

  /** Appends a row. */
  async keep(sha256: string, plain: Float32Array, mirror: Float32Array): Promise<void> {
    const both = new Float32Array(2 * DIMENSION);
    both.set(plain);
    both.set(mirror, DIMENSION);
    const row = new Uint8Array(ROW_BYTES);
    row.set(Buffer.from(sha256, 'hex'));
    row.set(new Uint8Array(both.buffer), HASH_BYTES);
    await this.file.write(row, 0, ROW_BYTES, this.bytes);
    this.bytes += ROW_BYTES;
    this.rows.set(sha256, both);
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

/** The teacher aligns by itself; in a picture that was aligned before, landmarks are looked for about its middle. */
async function teacherChip(
  pipeline: FacePipeline,
  template: FaceTemplate,
  cache: CropCache,
  record: number,
  picture: RgbImage,
): Promise<RgbImage> {
  const kept = (await cache.read(record)).landmarks;
  const landmarks = kept ?? (await pipeline.landmarks(picture, [middleBox(picture)]))[0]!;
  const [chip] = await pipeline.chips(picture, [alignFace(landmarks, template)]);
  return chip!;
}

/** Left and right exchanged. */
export function mirrored({ width, height, data }: RgbImage): RgbImage {
  const out = rgbImage(width, height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = 3 * (y * width + x);
      out.data.set(data.subarray(from, from + 3), 3 * (y * width + width - 1 - x));
    }
  return out;
}
