// What an encrypted gallery asks of a database, and its tables. SQL is written once, for SQLite and PostgreSQL both:
// parameters are $1, $2 …, each used once and in order.
import { InputError } from '../../../../src/base/errors.js';
import type { Slice } from '../../../../src/faces/gallery/backend.js';
import type { CollectionRecord, EnrollOutcome, Sample } from '../../../../src/faces/gallery/types.js';

/** What SQL takes. */
export type SealedValue = string | number | Buffer | null;

/** Runs one statement of a transaction; rows are arrays of their columns, bytes are Buffers. */
export type SealedQuery = <Row extends unknown[]>(
  sql: string,
  values?: readonly SealedValue[],
) => Promise<Row[]>;

/** The gallery's tables as they are without encryption, within a transaction. */
export interface ClearTables {
  /** In the order in which they were made. */
  collections(): Promise<readonly CollectionRecord[]>;
  /** In the order of enrolment, behind the cursor `after`. */
  samples(collection: string, after: number, limit: number): Promise<Slice<Sample>>;
  addCollection(record: CollectionRecord): Promise<void>;
  addSamples(collection: string, samples: readonly Sample[]): Promise<readonly EnrollOutcome[]>;
  /** Removes everything. */
  empty(): Promise<void>;
}

/** A database whose gallery is encrypted or may be. All of `work` happens or nothing, and is durable at the end. */
export interface SealedDatabase {
  /** As messages name it, without a password. */
  readonly location: string;
  /** The tables' schema with its dot. */
  readonly prefix: string;
  /** Appended to a select of what must not be changed by others, or not be read for a change, until the end. */
  readonly forShare: string;
  readonly forUpdate: string;
  read<T>(work: (query: SealedQuery) => Promise<T>): Promise<T>;
  write<T>(work: (query: SealedQuery) => Promise<T>): Promise<T>;
  /** A removal: as `write`, and what was removed is wiped as far as the database can; `what` names it in messages. */
  wipe<T>(what: string, work: (query: SealedQuery) => Promise<T>): Promise<T>;
  /** As `wipe`, while nobody else reads or writes, with the tables in clear. */
  convert<T>(what: string, work: (query: SealedQuery, clear: ClearTables) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A store that was opened in clear meets a gallery that another program has encrypted. */
export function encryptedMeanwhile(location: string): InputError {
  return new InputError(
    `${location}: the gallery has been encrypted by another program; open it again with its passphrase`,
  );
}

/** Types that the two databases name differently. */
export interface SealedTypes {
  /** A column that numbers the rows in the order in which they came. */
  readonly serial: string;
  readonly bytes: string;
  /** The tables' schema with its dot. */
  readonly prefix: string;
}

/**
 * Statements that make the tables, in order. `tag` columns hold keyed hashes, `uid`s are random, everything else but the
 * number of a sample is encrypted. `gallery_key` has one row where the gallery is encrypted, else none.
 */
export function sealedTables({ serial, bytes, prefix }: SealedTypes): string[] {
  return [
    `create table ${prefix}gallery_key (
       one integer primary key check (one = 1),
       id text not null,
       record text not null
     )`,
    `create table ${prefix}sealed_collection (
       uid ${bytes} primary key,
       tag ${bytes} not null unique,
       record ${bytes} not null
     )`,
    `create table ${prefix}sealed_person (
       uid ${bytes} primary key,
       collection ${bytes} not null references ${prefix}sealed_collection (uid) on delete cascade,
       tag ${bytes} not null,
       name ${bytes} not null,
       unique (collection, tag)
     )`,
    `create table ${prefix}sealed_sample (
       seq ${serial},
       collection ${bytes} not null references ${prefix}sealed_collection (uid) on delete cascade,
       person ${bytes} not null references ${prefix}sealed_person (uid) on delete cascade,
       id_tag ${bytes} not null,
       crop_tag ${bytes} not null,
       vector ${bytes} not null,
       facts ${bytes} not null,
       crop ${bytes},
       unique (collection, id_tag),
       unique (collection, crop_tag)
     )`,
    `create index sealed_sample_of_person on ${prefix}sealed_sample (person, seq)`,
    `create index sealed_sample_of_collection on ${prefix}sealed_sample (collection, seq)`,
  ];
}
