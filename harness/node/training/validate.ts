// How well a net tells people apart whom it was not trained on.
import { InputError } from '../../../src/base/errors.js';
import type { RgbImage } from '../../../src/base/image.js';
import { rgbImage } from '../../../src/base/image.js';
import { evaluate, splitFolds } from '../../../src/faces/evaluation/evaluate.js';
import { squaredDistance } from '../../../src/faces/gallery/distance.js';
import { embedderOf } from '../../../src/faces/models.js';
import { FacePipeline } from '../../../src/faces/pipeline.js';
import type { Device } from '../../../src/gpu/device.js';
import type { WeightTensor } from '../../../src/nets/manifest.js';
import type { CropCache } from './crop-cache.js';
import type { CropPair } from './split.js';

export interface Validation {
  readonly pairs: number;
  /** Mean over folds, each decided with the threshold of the others. */
  readonly accuracy: number;
  readonly auc: number;
  readonly eer: number;
}

/** Crops that are embedded together. */
const BATCH = 16;
const FOLDS = 10;

/**
 * Embeds the middle of each crop that `pairs` name by nn4.small2 with `tensors`, as inference does, and compares. InputError
 * where an embedding is not finite.
 */
export async function validateFaces(
  device: Device,
  tensors: ReadonlyMap<string, WeightTensor>,
  cache: CropCache,
  pairs: readonly CropPair[],
  side: number,
): Promise<Validation> {
  const file = { source: 'the net in training', tensors };
  const pipeline = new FacePipeline(device, { embedder: { ...embedderOf('nn4.small2'), file } });
  try {
    const records = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))];
    const embeddings = new Map<number, Float32Array>();
    for (let first = 0; first < records.length; first += BATCH) {
      const part = records.slice(first, first + BATCH);
      const chips = await Promise.all(
        part.map(async (record) => middleOf((await cache.read(record)).pixels, cache.contract.side, side)),
      );
      const vectors = await pipeline.embed(chips);
      for (const [i, record] of part.entries()) {
        const vector = vectors[i]!;
        if (!vector.every(Number.isFinite))
          throw new InputError(
            'the net in training: its embeddings of people held out are not finite; begin anew with a lower learning rate or a longer warm-up',
          );
        embeddings.set(record, vector);
      }
    }
    const scored = pairs.map(({ a, b, same }) => ({
      same,
      distance: squaredDistance(embeddings.get(a)!, embeddings.get(b)!),
    }));
    const folded = splitFolds(scored, foldsOf(pairs));
    const { accuracy, auc, eer } = evaluate(folded, { bootstrap: { replicates: 1 } });
    return { pairs: pairs.length, accuracy: accuracy.mean, auc, eer };
  } finally {
    await pipeline.destroy();
  }
}

/** Whether there are pairs enough to compare: two folds of either kind. */
export function canValidate(pairs: readonly CropPair[]): boolean {
  return foldsOf(pairs) >= 2;
}

function foldsOf(pairs: readonly CropPair[]): number {
  const same = pairs.filter((pair) => pair.same).length;
  return Math.min(FOLDS, same, pairs.length - same);
}

/** The middle `side` pixels of 8-bit interleaved RGB, as a picture. */
function middleOf(pixels: Uint8Array, from: number, side: number): RgbImage {
  const margin = Math.floor((from - side) / 2);
  const out = rgbImage(side, side);
  for (let y = 0; y < side; y++) {
    const row = 3 * ((y + margin) * from + margin);
    for (let i = 0; i < 3 * side; i++) out.data[3 * y * side + i] = pixels[row + i]! / 255;
  }
  return out;
}
