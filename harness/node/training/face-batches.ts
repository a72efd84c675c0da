// The batches of a training of faces: crops from the cache, recipes, labels and what the teacher says.
import { hash32 } from '../../../src/base/random.js';
import { DIMENSION } from '../../../src/faces/gallery/types.js';
import { RECIPE_LENGTH, writeRecipe } from '../../../src/kernels/augment.js';
import { drawRecipe, type Variation } from '../../../src/training/recipes.js';
import type { Sampler } from '../../../src/training/samplers.js';
import type { Batch } from '../../../src/training/types.js';
import type { PersonCrops } from './align-people.js';
import type { CropCache } from './crop-cache.js';
import type { TeacherCache } from './teacher-cache.js';

/** A crop that is trained on. */
export interface FaceSample {
  readonly record: number;
  /** Of the picture's file, hexadecimal. */
  readonly sha256: string;
  /** Number of the person. */
  readonly person: number;
}

/** The crops of people in their order, numbered. */
export function samplesOf(people: readonly PersonCrops[]): FaceSample[] {
  return people.flatMap(({ crops }, person) =>
    crops.map(({ record, sha256 }) => ({ record, sha256, person })),
  );
}

/** A teacher's embeddings of samples, with their mean taken away and of length 1 again. */
export class TeacherTargets {
  private constructor(private readonly rows: Float32Array) {}

  /** Centred on the mean over samples and mirror images: all embeddings of faces have a large part in common. */
  static of(teacher: TeacherCache, samples: readonly FaceSample[]): TeacherTargets {
    const rows = new Float32Array(2 * samples.length * DIMENSION);
    const mean = new Float64Array(DIMENSION);
    for (const [i, { sha256 }] of samples.entries()) {
      for (const mirrored of [false, true]) {
        const row = teacher.row(sha256, mirrored);
        rows.set(row, (2 * i + Number(mirrored)) * DIMENSION);
        for (let d = 0; d < DIMENSION; d++) mean[d]! += row[d]! / (2 * samples.length);
      }
    }
    for (let row = 0; row < 2 * samples.length; row++) {
      const own = rows.subarray(row * DIMENSION, (row + 1) * DIMENSION);
      let square = 0;
      for (let d = 0; d < DIMENSION; d++) {
        own[d]! -= mean[d]!;
        square += own[d]! ** 2;
      }
      // Two samples that are one picture may both lie on the mean: then there is nothing to learn from them.
      const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
      for (let d = 0; d < DIMENSION; d++) own[d]! *= scale;
    }
    return new TeacherTargets(rows);
  }

  /** [128]. */
  row(sample: number, mirrored: boolean): Float32Array {
    const at = (2 * sample + Number(mirrored)) * DIMENSION;
    return this.rows.subarray(at, at + DIMENSION);
  }
}

export interface FaceBatchOptions {
  readonly cache: CropCache;
  readonly samples: readonly FaceSample[];
  readonly sampler: Sampler;
  readonly targets: TeacherTargets | undefined;
  readonly variation: Variation;
  /** Side of the window that the net sees. */
  readonly side: number;
  readonly seed: number;
}

/**
 * The batch of a step: `crops` [N,S,S] as `augment` wants them packed, `recipe` [N,24], `labels` [N], and `teacher` [N,128]
 * where there is one, of the mirror image where the recipe mirrors. The same for the same step.
 */
export async function faceBatch(options: FaceBatchOptions, step: number): Promise<Batch> {
  const { cache, samples, sampler, targets, variation, side, seed } = options;
  const chosen = sampler.at(step);
  const N = chosen.length;
  const from = cache.contract.side;
  const pixels = from * from;
  const crops = new Float32Array(N * pixels);
  const recipe = new Float32Array(N * RECIPE_LENGTH);
  const labels = new Float32Array(N);
  const teacher = new Float32Array(targets ? N * DIMENSION : 0);
  const bytes = await Promise.all(chosen.map((sample) => cache.read(samples[sample]!.record)));
  const stream = hash32(hash32(seed, 2), step);
  for (const [n, sample] of chosen.entries()) {
    packPixels(crops, n * pixels, bytes[n]!.pixels);
    const varied = drawRecipe(
      variation,
      { height: from, width: from },
      { height: side, width: side },
      stream,
      n,
    );
    writeRecipe(recipe, n, varied);
    labels[n] = samples[sample]!.person;
    if (targets) teacher.set(targets.row(sample, varied.mirrored), n * DIMENSION);
  }
  return { crops, recipe, labels, ...(targets ? { teacher } : {}) };
}

/** Interleaved bytes as one number a pixel. */
function packPixels(to: Float32Array, at: number, bytes: Uint8Array): void {
  for (let i = 0, from = 0; from < bytes.length; i++, from += 3) {
    to[at + i] = bytes[from]! + 256 * bytes[from + 1]! + 65536 * bytes[from + 2]!;
  }
}
