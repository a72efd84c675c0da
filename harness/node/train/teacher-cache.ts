// A teacher's embeddings of crops and of their mirror images, on disk: they cost far more than reading them.
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
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
const ROW_BYTES = 2 * DIMENSION * 4;

/**
 * Owns a file of rows beside the crops: row i has the embeddings of record i and of its mirror image, 128 f32 each, and
 * zeros where there is none yet.
 */
export class TeacherCache {
  private constructor(
    private readonly file: FileHandle,
    /** [records][2][128]. */
    private rows: Float32Array,
  ) {}

  /** Opens the rows of a teacher whose weights have the digest `weights` beside `crops`; its file is made where there is none. */
  static async open(crops: CropCache, net: string, weights: string): Promise<TeacherCache> {
    const path = join(crops.folder, `teacher-${net}-${weights.slice(0, 16)}.f32`);
    const file = await open(path, 'a').then(async (made) => {
      await made.close();
      return open(path, 'r+');
    });
    const { size } = await file.stat();
    const rows = new Float32Array(crops.length * 2 * DIMENSION);
    const bytes = new Uint8Array(rows.buffer);
    await file.read(bytes, 0, Math.min(size, bytes.length), 0);
    return new TeacherCache(file, rows);
  }

  /** Whether record i has been embedded: an embedding has length 1. */
  has(record: number): boolean {
    const row = this.row(record, true);
    return row.length === DIMENSION && row.some((value) => value !== 0);
  }

  /** The embedding of a record, or of its mirror image: 128 numbers of length 1. */
  row(record: number, mirrored: boolean): Float32Array {
    const at = (2 * record + (mirrored ? 1 : 0)) * DIMENSION;
    return this.rows.subarray(at, at + DIMENSION);
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
    const due = crops.filter(({ record }) => !this.has(record));
    for (let first = 0; first < due.length && !options.signal?.aborted; first += BATCH) {
      const part = due.slice(first, first + BATCH);
      const pictures = await Promise.all(part.map(({ path }) => readPicture(join(folder, path))));
      const chips: RgbImage[] = [];
      for (const [i, { record }] of part.entries()) {
        chips.push(await teacherChip(pipeline, template, cache, record, pictures[i]!));
      }
      const vectors = await pipeline.embed([...chips, ...chips.map(mirrored)]);
      for (const [i, { record }] of part.entries()) {
        await this.keep(record, vectors[i]!, vectors[part.length + i]!);
      }
      await this.file.datasync();
      options.progress?.(first + part.length, due.length);
    }
  }

  private async keep(record: number, plain: Float32Array, mirror: Float32Array): Promise<void> {
    const row = this.rows.subarray(2 * record * DIMENSION, 2 * (record + 1) * DIMENSION);
    row.set(plain);
    row.set(mirror, DIMENSION);
    const bytes = new Uint8Array(row.buffer, row.byteOffset, ROW_BYTES);
    await this.file.write(bytes, 0, ROW_BYTES, record * ROW_BYTES);
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
