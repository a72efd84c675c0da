// What a store of galleries must do. Everything that comes in is checked already; GalleryStore and Collection stand
// in front. Every method is one transaction: it happens whole or not at all, and is durable when it resolves.
import type { Target } from './checks.js';
import type {
  CollectionFacts,
  CollectionRecord,
  EnrollOutcome,
  ModelContract,
  PersonFacts,
  RenameOutcome,
  Sample,
  VectorPage,
} from './types.js';

/** One page, and the cursor behind it: undefined at the end. */
export interface Slice<T> {
  readonly items: readonly T[];
  readonly next: number | undefined;
}

/** One page of embeddings in the order of enrolment, and the cursor behind it. */
export interface VectorSlice {
  readonly page: VectorPage;
  readonly next: number | undefined;
}

/** Candidates for the nearest neighbours of a query. */
export interface NearCandidates {
  readonly page: VectorPage;
  /** No sample outside `page` has a squared L2 below this; infinite where `page` is all, 0 where nothing is known. */
  readonly floor: number;
}

/** What inserting needs besides the samples. */
export interface InsertOptions {
  /** Names sample i in a message. */
  readonly where: (index: number) => string;
  /** Makes the collection where it is missing, and fills in a missing threshold. */
  readonly create?: CollectionRecord;
}

/**
 * A store of galleries. Methods that take a `Target` throw InputError (`checkTarget`) where the collection does not
 * exist, or not with that contract, which is looked up in the same transaction: another process may have changed it.
 */
export interface GalleryBackend {
  /** As messages name the store: a path, or a host and database, never a password. */
  readonly location: string;
  /** False where the name is taken. */
  create(record: CollectionRecord): Promise<boolean>;
  /** The collection of that name; undefined where there is none. */
  find(name: string): Promise<CollectionRecord | undefined>;
  /** By name; only the one called `name` where that is given. */
  list(name?: string): Promise<readonly CollectionFacts[]>;
  /** False where there is none. */
  drop(name: string): Promise<boolean>;
  /** Keeps a fitted threshold and its calibration with the collection. */
  setThreshold(target: Target, record: Pick<CollectionRecord, 'threshold' | 'calibration'>): Promise<void>;
  /** InputError where an id belongs to another crop; a crop that is there already is a duplicate. */
  insert(
    target: Target,
    samples: readonly Sample[],
    options: InsertOptions,
  ): Promise<readonly EnrollOutcome[]>;
  /** By name, behind `after`. */
  people(target: Target, after: string | undefined, limit: number): Promise<readonly PersonFacts[]>;
  /** In the order of enrolment, behind the cursor `after`; of one person where that is given. */
  samples(target: Target, after: number, limit: number, person?: string): Promise<Slice<Sample>>;
  /** Embeddings in the order of enrolment, behind the cursor `after`. */
  vectors(target: Target, after: number, limit: number): Promise<VectorSlice>;
  /** Undefined where nobody has the name `from`; 'taken' where `to` exists and `merge` is false. */
  rename(
    target: Target,
    from: string,
    to: string,
    merge: boolean,
  ): Promise<RenameOutcome | 'taken' | undefined>;
  /** How many samples went; 0 where there is no such person. */
  removePerson(target: Target, person: string): Promise<number>;
  /** False where there is none. Takes its person along where it was the last sample. */
  removeSample(target: Target, id: string): Promise<boolean>;
  /** New embeddings for every sample, and the new contract; threshold and calibration become null. */
  reembed(
    target: Target,
    contract: ModelContract,
    embeddings: ReadonlyMap<string, Float32Array>,
  ): Promise<void>;
  /** The nearest `count` by an index (or, `exact`, by a full scan in the store), for exact ranking in float64. */
  near?(target: Target, query: Float32Array, count: number, exact: boolean): Promise<NearCandidates>;
  /** Lets go of the store; nothing else may be called afterwards. */
  close(): Promise<void>;
}
