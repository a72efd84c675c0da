// How distances are judged, and which collection is meant.
import { InputError } from '../../../src/base/errors.js';
import { describeContract, sameContract } from '../../../src/faces/gallery/checks.js';
import { squaredDistance } from '../../../src/faces/gallery/distance.js';
import { type DecisionRule, namedOnce } from '../../../src/faces/gallery/rank.js';
import type { IdentifyOptions } from '../../../src/faces/gallery/search.js';
import type { GalleryStore } from '../../../src/faces/gallery/store.js';
import type { CollectionFacts } from '../../../src/faces/gallery/types.js';
import { type Judgement, probabilityAt } from '../../../src/faces/judgement.js';
import type { FoundFace } from '../../../src/faces/read.js';
import type { FaceModels } from './models.js';

/** The collection that is meant where none is named. */
export const DEFAULT_COLLECTION = 'people';

/** The collection of that name, if it exists. */
export async function collectionNamed(
  store: GalleryStore,
  name: string,
): Promise<CollectionFacts | undefined> {
  return (await store.listCollections()).find((facts) => facts.name === name);
}

/** The same; InputError naming those that there are where it does not exist. */
export async function needCollectionNamed(store: GalleryStore, name: string): Promise<CollectionFacts> {
  const found = await collectionNamed(store, name);
  if (found) return found;
  const names = (await store.listCollections()).map((facts) => JSON.stringify(facts.name));
  const there = names.length === 0 ? 'it holds none; enroll makes one' : `there is ${names.join(', ')}`;
  throw new InputError(`${store.location}: no collection ${JSON.stringify(name)}; ${there}`);
}

/** Whether two embeddings are of one person. */
export interface Comparison {
  readonly same: boolean;
  /** Squared L2. */
  readonly distance: number;
  readonly threshold: number;
  readonly probability: number | null;
}

/** Judges the distance of two embeddings. */
export function compareFaces(a: Float32Array, b: Float32Array, judgement: Judgement): Comparison {
  const distance = squaredDistance(a, b);
  return {
    same: distance < judgement.threshold,
    distance,
    threshold: judgement.threshold,
    probability: probabilityAt(judgement, distance),
  };
}

/** InputError where embeddings of `models` cannot be judged by the collection's threshold. */
export function checkContract(facts: CollectionFacts, { contract }: Pick<FaceModels, 'contract'>): void {
  if (sameContract(contract, facts.contract)) return;
  throw new InputError(
    `collection ${facts.name} holds embeddings of ${describeContract(facts.contract)}; its threshold does not fit ${describeContract(contract)}`,
  );
}

/** A face of a picture with who it may be. */
export interface NamedFace {
  /** Null: unknown. */
  readonly person: string | null;
  /** Whether the nearest person is unknown here because a nearer face of the picture has that name. */
  readonly taken: boolean;
  readonly candidates: readonly {
    readonly person: string;
    readonly distance: number;
    readonly probability: number | null;
  }[];
}

/** What answers who an embedding is: a collection, or a snapshot of one. */
export interface Identifier {
  identify(
    embedding: Float32Array,
    options: IdentifyOptions,
  ): Promise<Parameters<typeof namedOnce>[0][number]>;
}

/** Names the faces of one picture, each person once. */
export async function nameFaces(
  gallery: Identifier,
  faces: readonly { readonly found?: FoundFace | undefined }[],
  embeddings: readonly Float32Array[],
  options: IdentifyOptions & { readonly rule: DecisionRule },
  judgement: Judgement,
): Promise<(NamedFace & Partial<FoundFace>)[]> {
  // All at once: a kernel that searches answers them together.
  const found = await Promise.all(embeddings.map((embedding) => gallery.identify(embedding, options)));
  return namedOnce(found).map(({ person, candidates, taken }, i) => ({
    person,
    taken,
    candidates: candidates.map((candidate) => ({
      ...candidate,
      // It was fitted to the distances of pairs, which those of the other rules are not.
      probability: options.rule === 'best' ? probabilityAt(judgement, candidate.distance) : null,
    })),
    ...faces[i]!.found,
  }));
}
