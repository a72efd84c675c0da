// Galleries in one file: libsql with a write-ahead log. Several programs may use the file at once.
import type {
  GalleryBackend,
  InsertOptions,
  Slice,
  VectorSlice,
} from '../../../src/faces/gallery/backend.js';
import { checkCoverage, checkTarget, type Target } from '../../../src/faces/gallery/checks.js';
import { GalleryStore } from '../../../src/faces/gallery/store.js';
import {
  type CollectionFacts,
  type CollectionRecord,
  DIMENSION,
  type EnrollOutcome,
  type Json,
  type ModelContract,
  type PersonFacts,
  type RenameOutcome,
  type Sample,
} from '../../../src/faces/gallery/types.js';
import { LibsqlDatabase, type LibsqlOptions } from './libsql-database.js';
import { insertCollection, insertSample, personOf, renamePerson, samplesOf } from './libsql-people.js';
import { blobOf, RECORD, type RecordRow, recordOf } from './libsql-rows.js';
import { openSealable, type Passphrase } from './sealed/convert.js';
import { SealedFile } from './sealed/file.js';

/** Bytes of an embedding. */
const BYTES = 4 * DIMENSION;

export interface GalleryFileOptions extends LibsqlOptions {
  /**
   * Of an encrypted gallery; a new one is made encrypted. InputError where it is wrong, or the gallery is not encrypted. A
   * function is asked only where the gallery is encrypted.
   */
  readonly passphrase?: Passphrase;
}

/**
 * Opens the store of galleries in the file `path`, which is made where it is missing. What is acknowledged is on disk;
 * what is removed is wiped from the file and its log. Calls block while they write or wait for another program.
 */
export async function openGalleryFile(path: string, options: GalleryFileOptions = {}): Promise<GalleryStore> {
  const { passphrase, ...rest } = options;
  const db = await LibsqlDatabase.open(path, rest);
  try {
    return new GalleryStore(await openSealable(new SealedFile(db), () => new LibsqlBackend(db), passphrase));
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The store's rows; GalleryStore and Collection stand in front. */
export class LibsqlBackend implements GalleryBackend {
  constructor(private readonly db: LibsqlDatabase) {}

  get location(): string {
    return this.db.path;
  }

  async create(record: CollectionRecord): Promise<boolean> {
    return this.db.write(() => {
      if (this.rowOf(record.name)) return false;
      insertCollection(this.db, record);
      return true;
    });
  }

  async find(name: string): Promise<CollectionRecord | undefined> {
    const row = this.rowOf(name);
    return row && recordOf(row);
  }

  async list(name?: string): Promise<readonly CollectionFacts[]> {
    const [where, values] = name === undefined ? ['', []] : [' where name = ?', [name]];
    return this.db
      .query<[...RecordRow, people: number, samples: number]>(
        `select ${RECORD}, (select count(*) from person where collection = collection.id),
           (select count(*) from sample where collection = collection.id)
         from collection${where} order by name`,
        values,
      )
      .map(([id, n, contract, threshold, calibration, created, people, samples]) => ({
        ...recordOf([id, n, contract, threshold, calibration, created]),
        people,
        samples,
      }));
  }

  async drop(name: string): Promise<boolean> {
    if (!this.rowOf(name)) return false;
    return this.db.wipe(
      `collection ${JSON.stringify(name)}`,
      () => this.db.run('delete from collection where name = ?', [name]) > 0,
    );
  }

  async setThreshold(
    target: Target,
    { threshold, calibration }: Pick<CollectionRecord, 'threshold' | 'calibration'>,
  ): Promise<void> {
    this.db.write(() => this.setDecision(this.require(target), threshold, calibration));
  }

  async insert(
    target: Target,
    samples: readonly Sample[],
    { where, create }: InsertOptions,
  ): Promise<readonly EnrollOutcome[]> {
    return this.db.write(() => {
      if (create && !this.rowOf(target.name)) insertCollection(this.db, create);
      const collection = this.require(target);
      if (create && create.threshold !== null && this.rowOf(target.name)![3] === null) {
        this.setDecision(collection, create.threshold, create.calibration);
      }
      return samples.map((sample, i) => insertSample(this.db, collection, sample, where(i)));
    });
  }

  async people(target: Target, after: string | undefined, limit: number): Promise<readonly PersonFacts[]> {
    return this.db.read(() =>
      this.db
        .query<[string, number]>(
          `select name, (select count(*) from sample where person = person.id)
           from person where collection = ? and name > ? order by name limit ?`,
          [this.require(target), after ?? '', limit],
        )
        .map(([name, samples]) => ({ name, samples })),
    );
  }

  async samples(target: Target, after: number, limit: number, person?: string): Promise<Slice<Sample>> {
    return this.db.read(() => samplesOf(this.db, this.require(target), after, limit, person));
  }

  async vectors(target: Target, after: number, limit: number): Promise<VectorSlice> {
    return this.db.read(() => {
      const rows = this.db.query<[number, string, string, Buffer]>(
        `select s.seq, s.id, p.name, s.embedding
         from sample s indexed by sample_of_collection cross join person p on p.id = s.person
         where s.collection = ? and s.seq > ? order by s.seq limit ?`,
        [this.require(target), after, limit],
      );
      const vectors = new Float32Array(rows.length * DIMENSION);
      const bytes = new Uint8Array(vectors.buffer);
      rows.forEach(([, , , embedding], i) => {
        bytes.set(embedding, i * BYTES);
      });
      const page = { ids: rows.map(([, id]) => id), people: rows.map(([, , person]) => person), vectors };
      return { page, next: rows.length === limit ? rows[limit - 1]![0] : undefined };
    });
  }

  async rename(
    target: Target,
    from: string,
    to: string,
    merge: boolean,
  ): Promise<RenameOutcome | 'taken' | undefined> {
    const collection = this.require(target);
    // Looked up first: wiping rewrites the file, and a name that is not there is no reason for that.
    if (personOf(this.db, collection, from) === undefined) return undefined;
    if (!merge && from !== to && personOf(this.db, collection, to) !== undefined) return 'taken';
    return this.db.wipe(`the name ${JSON.stringify(from)}`, () =>
      renamePerson(this.db, this.require(target), from, to, merge),
    );
  }

  async removePerson(target: Target, person: string): Promise<number> {
    if (personOf(this.db, this.require(target), person) === undefined) return 0;
    return this.db.wipe(JSON.stringify(person), () => {
      const id = personOf(this.db, this.require(target), person);
      if (id === undefined) return 0;
      const removed = this.db.run('delete from sample where person = ?', [id]);
      this.db.run('delete from person where id = ?', [id]);
      return removed;
    });
  }

  async removeSample(target: Target, id: string): Promise<boolean> {
    const find = () =>
      this.db.query<[number, number]>('select seq, person from sample where collection = ? and id = ?', [
        this.require(target),
        id,
      ])[0];
    if (!find()) return false;
    return this.db.wipe(`sample ${JSON.stringify(id)}`, () => {
      const found = find();
      if (!found) return false;
      const [seq, person] = found;
      this.db.run('delete from sample where seq = ?', [seq]);
      this.db.run(
        'delete from person where id = ? and not exists (select 1 from sample where person = person.id)',
        [person],
      );
      return true;
    });
  }

  async reembed(
    target: Target,
    contract: ModelContract,
    embeddings: ReadonlyMap<string, Float32Array>,
  ): Promise<void> {
    const where = `${this.location}: collection ${JSON.stringify(target.name)}`;
    const check = () => {
      const collection = this.require(target);
      const ids = this.db.query<[string]>('select id from sample where collection = ?', [collection]);
      checkCoverage(
        ids.map(([id]) => id),
        embeddings,
        where,
      );
      return collection;
    };
    this.db.read(check);
    this.db.wipe(`the old embeddings of ${JSON.stringify(target.name)}`, () => {
      const collection = check();
      for (const [id, embedding] of embeddings) {
        this.db.run('update sample set embedding = ? where collection = ? and id = ?', [
          blobOf(embedding),
          collection,
          id,
        ]);
      }
      this.db.run('update collection set contract = ? where id = ?', [JSON.stringify(contract), collection]);
      this.setDecision(collection, null, null);
    });
  }

  async close(): Promise<void> {
    this.db.close();
  }

  private rowOf(name: string): RecordRow | undefined {
    return this.db.query<RecordRow>(`select ${RECORD} from collection where name = ?`, [name])[0];
  }

  /** The collection's row id; InputError where it is missing or of another contract. */
  private require(target: Target): number {
    const row = this.rowOf(target.name);
    checkTarget(target, row && recordOf(row).contract, this.location);
    return row![0];
  }

  private setDecision(collection: number, threshold: number | null, calibration: Json): void {
    this.db.run('update collection set threshold = ?, calibration = ? where id = ?', [
      threshold,
      JSON.stringify(calibration),
      collection,
    ]);
  }
}
