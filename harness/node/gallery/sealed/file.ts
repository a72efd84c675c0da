// A gallery's file as encryption needs it.
import type { Slice } from '../../../../src/faces/gallery/backend.js';
import type { CollectionRecord, EnrollOutcome, Sample } from '../../../../src/faces/gallery/types.js';
import { LibsqlDatabase } from '../libsql-database.js';
import { insertCollection, insertSample, samplesOf } from '../libsql-people.js';
import { RECORD, type RecordRow, recordOf } from '../libsql-rows.js';
import { closeInTurn, inTurn, runPortable } from '../libsql-turns.js';
import type { ClearTables, SealedDatabase, SealedQuery, SealedValue } from './database.js';

/** Opens the file of a gallery that is to be converted; InputError where there is none. The caller closes it. */
export async function openSealedFile(path: string): Promise<SealedDatabase> {
  return new SealedFile(await LibsqlDatabase.open(path, { create: false }));
}

/** One transaction at a time in this process; SQLite keeps other programs' writes out of a transaction. */
export class SealedFile implements SealedDatabase {
  readonly prefix = '';
  readonly forShare = '';
  readonly forUpdate = '';

  constructor(private readonly db: LibsqlDatabase) {}

  get location(): string {
    return this.db.path;
  }

  read<T>(work: (query: SealedQuery) => Promise<T>): Promise<T> {
    return inTurn(this.db, 'begin deferred', () => work(this.query));
  }

  write<T>(work: (query: SealedQuery) => Promise<T>): Promise<T> {
    return inTurn(this.db, 'begin immediate', () => work(this.query));
  }

  async wipe<T>(what: string, work: (query: SealedQuery) => Promise<T>): Promise<T> {
    const result = await this.write((query) => {
      this.db.markRemoval();
      return work(query);
    });
    this.db.wipeRemoved(what);
    return result;
  }

  convert<T>(what: string, work: (query: SealedQuery, clear: ClearTables) => Promise<T>): Promise<T> {
    return this.wipe(what, (query) => work(query, new ClearFile(this.db)));
  }

  close(): Promise<void> {
    return closeInTurn(this.db);
  }

  private readonly query: SealedQuery = async <Row extends unknown[]>(
    sql: string,
    values: readonly SealedValue[] = [],
  ) => runPortable<Row>(this.db, sql, values);
}

class ClearFile implements ClearTables {
  constructor(private readonly db: LibsqlDatabase) {}

  async collections(): Promise<readonly CollectionRecord[]> {
    return this.db.query<RecordRow>(`select ${RECORD} from collection order by id`).map(recordOf);
  }

  async samples(collection: string, after: number, limit: number): Promise<Slice<Sample>> {
    return samplesOf(this.db, this.idOf(collection), after, limit);
  }

  async addCollection(record: CollectionRecord): Promise<void> {
    insertCollection(this.db, record);
  }

  async addSamples(collection: string, samples: readonly Sample[]): Promise<readonly EnrollOutcome[]> {
    const id = this.idOf(collection);
    return samples.map((sample) => insertSample(this.db, id, sample, sample.id));
  }

  async empty(): Promise<void> {
    this.db.run('delete from collection');
  }

  private idOf(name: string): number {
    return this.db.query<[number]>('select id from collection where name = ?', [name])[0]![0];
  }
}
