// From a face in a picture to a sample of a collection.
import { InputError } from '../../../src/base/errors.js';
import type { RgbImage } from '../../../src/base/image.js';
import type { Collection } from '../../../src/faces/gallery/collection.js';
import type { GalleryStore } from '../../../src/faces/gallery/store.js';
import type { ModelContract, NewSample } from '../../../src/faces/gallery/types.js';
import { judgeFace, type QualityLevel } from '../../../src/faces/gate.js';
import type { FoundFace } from '../../../src/faces/read.js';
import { sampleFacts } from '../../../src/faces/sample-facts.js';
import { encodePicture } from '../pictures.js';
import { chipHash, type PictureFaces } from './session.js';

/** Why the gate turns the first face of a picture away, in words; empty where it passes. */
export function refusals(
  { faces, comparable }: Pick<PictureFaces, 'faces' | 'comparable'>,
  level: QualityLevel,
  /** Whether the user said which face of several is meant. */
  chosen: boolean,
): string[] {
  const { found } = faces[0]!;
  if (!found) return [];
  const verdict = judgeFace(found.quality, level, chosen ? 1 : comparable);
  return verdict.accepted ? [] : verdict.reasons.map(({ message }) => message);
}

/** What is to be enrolled of one face. */
export interface FaceSample {
  readonly person: string;
  readonly chip: RgbImage;
  readonly found?: FoundFace | undefined;
  readonly embedding: Float32Array;
  readonly source: string;
  readonly keepCrop: boolean;
}

/** The sample as a collection takes it. */
export async function sampleOfFace({
  person,
  chip,
  found,
  embedding,
  source,
  keepCrop,
}: FaceSample): Promise<NewSample> {
  return {
    person,
    embedding,
    cropHash: chipHash(chip),
    source,
    quality: found ? sampleFacts(found) : { aligned: true },
    ...(keepCrop ? { crop: await encodePicture(chip, 'png') } : {}),
  };
}

/** Opens the collection, or makes it where there is none. */
export async function openOrCreate(
  store: GalleryStore,
  name: string,
  contract: ModelContract,
): Promise<Collection> {
  const isThere = async () => (await store.listCollections()).some((facts) => facts.name === name);
  if (await isThere()) return store.openCollection(name, contract);
  return store.createCollection(name, contract).catch(async (error: unknown) => {
    // Another program may have made it meanwhile.
    if (!(error instanceof InputError) || !(await isThere())) throw error;
    return store.openCollection(name, contract);
  });
}
