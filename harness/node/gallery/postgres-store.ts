// Galleries in PostgreSQL with pgvector, for many programs and machines. Search takes candidates from an HNSW index and
// ranks them again in float64; an exact search scans everything.
import type {
  GalleryBackend,
  InsertOptions,
  NearCandidates,
  Slice,
  VectorSlice,
} from '../../../src/faces/gallery/backend.js';
import { checkCoverage, type Target } from '../../../src/faces/gallery/checks.js';
import { GalleryStore } from '../../../src/faces/gallery/store.js';
import type {
  CollectionFacts,
  CollectionRecord,
  EnrollOutcome,
  ModelContract,
  PersonFacts,
  RenameOutcome,
  Sample,
} from '../../../src/faces/gallery/types.js';
import { PostgresCollections } from './postgres-collections.js';
import { PostgresConnection } from './postgres-connection.js';
import { insertSamples, updateEmbeddings } from './postgres-insert.js';
import { pageOf, samplesOf, textOf, type VectorRow } from './postgres-rows.js';
import { migrate, type PostgresNames } from './postgres-schema.js';
import { openSealable, type Passphrase } from './sealed/convert.js';
import { SealedPostgres } from './sealed/postgres.js';

/** Where in a database `openGalleryDatabase` keeps its tables. */
export interface PostgresOptions {
  /** The schema that the gallery's tables are in; default `facet`. */
  readonly schema?: string;
  /** As that of a gallery's file. */
  readonly passphrase?: Passphrase;
}

/**
 * Opens the store of galleries in a PostgreSQL database with pgvector, whose tables are made where they are missing.
 * `url` as postgres://USER:PASSWORD@HOST:PORT/DATABASE. InputError where the server, a right or pgvector is missing.
 */
export async function openGalleryDatabase(url: string, options: PostgresOptions = {}): Promise<GalleryStore> {
  const connection = await PostgresConnection.of(url);
  try {
    const names = await migrate(connection, options.schema ?? 'facet');
    const clear = () => new PostgresBackend(connection, names);
    return new GalleryStore(
      await openSealable(new SealedPostgres(connection, names), clear, options.passphrase),
    );
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** pgvector's limit for hnsw.ef_search; more candidates come from a full scan. */
const MAX_EF = 1000;
/** pgvector's default for hnsw.ef_search is 40; more finds more of the true neighbours. */
const MIN_EF = 100;

/**
 * pgvector adds 128 squares in f32, which errs by at most 130 · 2⁻²⁴ relative, since no term is negative; 2⁻¹⁶ is
 * about twice that.
 */
const SCAN_ERROR = 2 ** -16;

/** The store's rows; GalleryStore and Collection stand in front. */
class PostgresBackend implements GalleryBackend {
  private readonly collections: PostgresCollections;

  constructor(
    private readonly connection: PostgresConnection,
    private readonly names: PostgresNames,
  ) {
    this.collections = new PostgresCollections(names, connection.location);
  }

  get location(): string {
    return this.connection.location;
  }

  create(record: CollectionRecord): Promise<boolean> {
    return this.connection.write((query) => this.collections.insert(query, record));
  }

  find(name: string): Promise<CollectionRecord | undefined> {
    return this.connection.read((query) => this.collections.find(query, name));
  }

  list(name?: string): Promise<readonly CollectionFacts[]> {
    return this.connection.read((query) => this.collections.list(query, name));
  }

  drop(name: string): Promise<boolean> {
    return this.connection.write((query) => this.collections.drop(query, name));
  }

  setThreshold(
    target: Target,
    { threshold, calibration }: Pick<CollectionRecord, 'threshold' | 'calibration'>,
  ): Promise<void> {
    return this.connection.write(async (query) => {
      await this.collections.setDecision(
        query,
        await this.collections.lock(query, target),
        threshold,
        calibration,
      );
    });
  }

  insert(
    target: Target,
    samples: readonly Sample[],
    { where, create }: InsertOptions,
  ): Promise<readonly EnrollOutcome[]> {
    return this.connection.write(async (query) => {
      if (create) await this.collections.createOrFill(query, target, create);
      const collection = await this.collections.lock(query, target);
      return insertSamples(query, this.names, collection, samples, where);
    });
  }

  people(target: Target, after: string | undefined, limit: number): Promise<readonly PersonFacts[]> {
    return this.connection.read(async (query) => {
      const rows = await query<[string, string]>(
        `select name, (select count(*) from ${this.names.samples} where person = p.id)
         from ${this.names.people} p where collection = $1 and name > $2 order by name limit $3`,
        [await this.collections.require(query, target), after ?? '', limit],
      );
      return rows.map(([name, samples]) => ({ name, samples: Number(samples) }));
    });
  }

  samples(target: Target, after: number, limit: number, person?: string): Promise<Slice<Sample>> {
    return this.connection.read(async (query) => {
      const collection = await this.collections.require(query, target);
      return samplesOf(query, this.names, collection, after, limit, person);
    });
  }

  vectors(target: Target, after: number, limit: number): Promise<VectorSlice> {
    return this.connection.read(async (query) => {
      const rows = await query<VectorRow>(
        `select s.seq, s.id, p.name, ${this.names.vector}.vector_send(s.embedding)
         from ${this.names.samples} s join ${this.names.people} p on p.id = s.person
         where s.collection = $1 and s.seq > $2 order by s.seq limit $3`,
        [await this.collections.require(query, target), after, limit],
      );
      return { page: pageOf(rows), next: rows.length === limit ? Number(rows[limit - 1]![0]) : undefined };
    });
  }

  rename(
    target: Target,
    from: string,
    to: string,
    merge: boolean,
  ): Promise<RenameOutcome | 'taken' | undefined> {
    return this.connection.write(async (query) => {
      const collection = await this.collections.lock(query, target);
      const personOf = async (name: string) =>
        (
          await query<[string]>(`select id from ${this.names.people} where collection = $1 and name = $2`, [
            collection,
            name,
          ])
        )[0]?.[0];
      const old = await personOf(from);
      if (old === undefined) return undefined;
      const [count] = await query<[string]>(`select count(*) from ${this.names.samples} where person = $1`, [
        old,
      ]);
      const samples = Number(count![0]);
      const other = from === to ? undefined : await personOf(to);
      if (other === undefined) {
        await query(`update ${this.names.people} set name = $1 where id = $2`, [to, old]);
        return { merged: false, samples };
      }
      if (!merge) return 'taken';
      await query(`update ${this.names.samples} set person = $1 where person = $2`, [other, old]);
      await query(`delete from ${this.names.people} where id = $1`, [old]);
      return { merged: true, samples };
    });
  }

  removePerson(target: Target, person: string): Promise<number> {
    return this.connection.write(async (query) => {
      const collection = await this.collections.lock(query, target);
      const removed = await query(
        `delete from ${this.names.samples} s using ${this.names.people} p
         where p.collection = $1 and p.name = $2 and s.person = p.id returning s.seq`,
        [collection, person],
      );
      await query(`delete from ${this.names.people} where collection = $1 and name = $2`, [
        collection,
        person,
      ]);
      return removed.length;
    });
  }

  removeSample(target: Target, id: string): Promise<boolean> {
    return this.connection.write(async (query) => {
      const [gone] = await query<[string]>(
        `delete from ${this.names.samples} where collection = $1 and id = $2 returning person`,
        [await this.collections.lock(query, target), id],
      );
      if (!gone) return false;
      await query(
        `delete from ${this.names.people} p
         where p.id = $1 and not exists (select 1 from ${this.names.samples} where person = p.id)`,
        [gone[0]],
      );
      return true;
    });
  }

  reembed(
    target: Target,
    contract: ModelContract,
    embeddings: ReadonlyMap<string, Float32Array>,
  ): Promise<void> {
    return this.connection.write(async (query) => {
      const collection = await this.collections.lock(query, target);
      const ids = await query<[string]>(`select id from ${this.names.samples} where collection = $1`, [
        collection,
      ]);
      const where = `${this.location}: collection ${JSON.stringify(target.name)}`;
      checkCoverage(
        ids.map(([id]) => id),
        embeddings,
        where,
      );
      await updateEmbeddings(query, this.names, collection, embeddings);
      await query(`update ${this.names.collections} set contract = $2 where id = $1`, [
        collection,
        JSON.stringify(contract),
      ]);
      await this.collections.setDecision(query, collection, null, null);
    });
  }

  near(target: Target, probe: Float32Array, count: number, exact: boolean): Promise<NearCandidates> {
    return this.connection.read(async (query) => {
      const collection = await this.collections.require(query, target);
      const scan = exact || count > MAX_EF;
      const distance = `embedding operator(${this.names.vector}.<->) $1::${this.names.vector}.vector`;
      // Named with SET LOCAL: gone with the transaction. A sum is no expression of the index, so that one scans all.
      if (!scan) await query(`set local hnsw.ef_search = ${Math.max(count, MIN_EF)}`);
      const rows = await query<[...VectorRow, number]>(
        // The collection's number stands in the text, for the planner to see that its index serves.
        `select s.seq, s.id, p.name, ${this.names.vector}.vector_send(s.embedding), s.distance
         from (select seq, id, person, embedding, ${distance} as distance from ${this.names.samples}
               where collection = ${collection} order by ${scan ? `(${distance}) + 0` : distance} limit $2) s
         join ${this.names.people} p on p.id = s.person order by s.distance`,
        [textOf(probe), count],
      );
      const page = pageOf(
        rows.map(([seq, id, person, embedding]): VectorRow => [seq, id, person, embedding]),
      );
      if (!scan) return { page, floor: 0 };
      if (rows.length < count) return { page, floor: Number.POSITIVE_INFINITY };
      return { page, floor: rows[rows.length - 1]![4] ** 2 * (1 - SCAN_ERROR) };
    });
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
