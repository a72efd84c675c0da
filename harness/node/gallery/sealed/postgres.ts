// A gallery in PostgreSQL as encryption needs it.
import type { Slice } from '../../../../src/faces/gallery/backend.js';
import type { CollectionRecord, EnrollOutcome, Sample } from '../../../../src/faces/gallery/types.js';
import { PostgresCollections } from '../postgres-collections.js';
import { PostgresConnection, type Query } from '../postgres-connection.js';
import { insertSamples } from '../postgres-insert.js';
import { RECORD, type RecordRow, recordOf, samplesOf } from '../postgres-rows.js';
import { migrate, type PostgresNames } from '../postgres-schema.js';
import type { ClearTables, SealedDatabase, SealedQuery } from './database.js';

/** Connects to a gallery that is to be converted, in that schema of the database. The caller closes it. */
export async function openSealedPostgres(url: string, schema = 'facet'): Promise<SealedDatabase> {
  const connection = await PostgresConnection.of(url);
  try {
    return new SealedPostgres(connection, await migrate(connection, schema));
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Owns the connection. */
export class SealedPostgres implements SealedDatabase {
  readonly prefix: string;
  readonly forShare = ' for share';
  readonly forUpdate = ' for update';

  constructor(
    private readonly connection: PostgresConnection,
    private readonly names: PostgresNames,
  ) {
    this.prefix = `${names.schema}.`;
  }

  get location(): string {
    return this.connection.location;
  }

  read<T>(work: (query: SealedQuery) => Promise<T>): Promise<T> {
    return this.connection.read(work);
  }

  write<T>(work: (query: SealedQuery) => Promise<T>): Promise<T> {
    return this.connection.write(work);
  }

  /** The server keeps the bytes of what was deleted for some time; that is its operator's matter. */
  wipe<T>(_what: string, work: (query: SealedQuery) => Promise<T>): Promise<T> {
    return this.connection.write(work);
  }

  convert<T>(_what: string, work: (query: SealedQuery, clear: ClearTables) => Promise<T>): Promise<T> {
    return this.connection.write(async (query) => {
      const { samples, people, collections } = this.names;
      // In the order in which others lock them, so that nobody waits for somebody who waits for him.
      await query(
        `lock table ${samples}, ${people}, ${collections}, ${this.prefix}gallery_key, ${this.prefix}sealed_collection
         in access exclusive mode`,
      );
      return work(query, new ClearPostgres(query, this.names, this.location));
    });
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}

class ClearPostgres implements ClearTables {
  private readonly table: PostgresCollections;

  constructor(
    private readonly query: Query,
    private readonly names: PostgresNames,
    location: string,
  ) {
    this.table = new PostgresCollections(names, location);
  }

  async collections(): Promise<readonly CollectionRecord[]> {
    const rows = await this.query<RecordRow>(`select ${RECORD} from ${this.names.collections} order by id`);
    return rows.map(recordOf);
  }

  async samples(collection: string, after: number, limit: number): Promise<Slice<Sample>> {
    return samplesOf(this.query, this.names, await this.idOf(collection), after, limit);
  }

  async addCollection(record: CollectionRecord): Promise<void> {
    await this.table.insert(this.query, record);
  }

  async addSamples(collection: string, samples: readonly Sample[]): Promise<readonly EnrollOutcome[]> {
    return insertSamples(this.query, this.names, await this.idOf(collection), samples, (i) => samples[i]!.id);
  }

  /** By new files for the tables: deleted rows would stay in the old ones until they are rewritten. */
  async empty(): Promise<void> {
    const { schema, collections, people, samples } = this.names;
    const ids = await this.query<[number]>(`select id from ${collections}`);
    for (const [id] of ids) await this.query(`drop index ${schema}.sample_near_${id}`);
    await this.query(`truncate ${samples}, ${people}, ${collections}`);
  }

  private async idOf(name: string): Promise<number> {
    return this.table.require(this.query, { name, contract: null });
  }
}
