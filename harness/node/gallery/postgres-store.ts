// Galleries in PostgreSQL with pgvector, for many programs and machines. Search takes candidates from an HNSW index and
// ranks them again in float64; an exact search scans everything.
import type {
  GalleryBackend,
  InsertOptions,
  NearCandidates,
  Slice,
  VectorSlice,
} from '../../../src/faces/gallery/backend.js';
import { checkCoverage, checkTarget, idTaken, type Target } from '../../../src/faces/gallery/checks.js';
import { GalleryStore } from '../../../src/faces/gallery/store.js';
import {
  type CollectionFacts,
  type CollectionRecord,
  DIMENSION,
  type EnrollOutcome,
  type Json,
  type ModelContract,
  type PersonFacts,
  type QualityFacts,
  type RenameOutcome,
  type Sample,
  type VectorPage,
} from '../../../src/faces/gallery/types.js';
import { PostgresConnection, type PostgresValue, type Query } from './postgres-connection.js';
import { migrate, type PostgresNames } from './postgres-schema.js';

export interface PostgresOptions {
  /** The schema that the gallery's tables are in; default `facet`. */
  readonly schema?: string;
}

/**
 * Opens the store of galleries in a PostgreSQL database with pgvector, whose tables are made where they are missing.
 * `url` as postgres://USER:PASSWORD@HOST:PORT/DATABASE. InputError where the server, a right or pgvector is missing.
 */
export async function openGalleryDatabase(url: string, options: PostgresOptions = {}): Promise<GalleryStore> {
  const connection = await PostgresConnection.of(url);
  try {
    const names = await migrate(connection, options.schema ?? 'facet');
    return new GalleryStore(new PostgresBackend(connection, names));
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

/** Rows of one statement that inserts or updates. */
const BATCH = 500;

const RECORD = 'name, contract, threshold, calibration, created';
type RecordRow = [
  name: string,
  contract: string,
  threshold: number | null,
  calibration: string,
  created: string,
];

type VectorRow = [seq: string, id: string, person: string, embedding: Buffer];

/** The store's rows; GalleryStore and Collection stand in front. */
class PostgresBackend implements GalleryBackend {
  private readonly collections: string;
  private readonly persons: string;
  private readonly table: string;
  private readonly vector: string;

  constructor(
    private readonly connection: PostgresConnection,
    private readonly names: PostgresNames,
  ) {
    this.collections = `${names.schema}.collection`;
    this.persons = `${names.schema}.person`;
    this.table = `${names.schema}.sample`;
    this.vector = `${names.vector}.vector`;
  }

  get location(): string {
    return this.connection.location;
  }

  create(record: CollectionRecord): Promise<boolean> {
    return this.connection.write((query) => this.insertCollection(query, record));
  }

  find(name: string): Promise<CollectionRecord | undefined> {
    return this.connection.read(async (query) => {
      const [row] = await query<RecordRow>(`select ${RECORD} from ${this.collections} where name = $1`, [
        name,
      ]);
      return row && recordOf(row);
    });
  }

  list(name?: string): Promise<readonly CollectionFacts[]> {
    return this.connection.read(async (query) => {
      const rows = await query<[...RecordRow, people: string, samples: string]>(
        `select ${RECORD}, (select count(*) from ${this.persons} where collection = c.id),
           (select count(*) from ${this.table} where collection = c.id)
         from ${this.collections} c where $1::text is null or name = $1 order by name`,
        [name ?? null],
      );
      return rows.map(([n, contract, threshold, calibration, created, people, samples]) => ({
        ...recordOf([n, contract, threshold, calibration, created]),
        people: Number(people),
        samples: Number(samples),
      }));
    });
  }

  drop(name: string): Promise<boolean> {
    return this.connection.write(async (query) => {
      await query(`lock table ${this.table} in access exclusive mode`);
      const [gone] = await query<[number]>(`delete from ${this.collections} where name = $1 returning id`, [
        name,
      ]);
      if (gone) await query(`drop index ${this.names.schema}.sample_near_${gone[0]}`);
      return gone !== undefined;
    });
  }

  setThreshold(
    target: Target,
    { threshold, calibration }: Pick<CollectionRecord, 'threshold' | 'calibration'>,
  ): Promise<void> {
    return this.connection.write(async (query) => {
      await this.setDecision(query, await this.lock(query, target), threshold, calibration);
    });
  }

  insert(
    target: Target,
    samples: readonly Sample[],
    { where, create }: InsertOptions,
  ): Promise<readonly EnrollOutcome[]> {
    return this.connection.write(async (query) => {
      if (create) await this.createOrFill(query, target, create);
      const collection = await this.lock(query, target);
      const outcomes: EnrollOutcome[] = [];
      for (let from = 0; from < samples.length; from += BATCH) {
        const batch = samples.slice(from, from + BATCH);
        outcomes.push(...(await this.insertBatch(query, collection, batch, (i) => where(from + i))));
      }
      return outcomes;
    });
  }

  people(target: Target, after: string | undefined, limit: number): Promise<readonly PersonFacts[]> {
    return this.connection.read(async (query) => {
      const rows = await query<[string, string]>(
        `select name, (select count(*) from ${this.table} where person = p.id)
         from ${this.persons} p where collection = $1 and name > $2 order by name limit $3`,
        [await this.require(query, target), after ?? '', limit],
      );
      return rows.map(([name, samples]) => ({ name, samples: Number(samples) }));
    });
  }

  samples(target: Target, after: number, limit: number, person?: string): Promise<Slice<Sample>> {
    return this.connection.read(async (query) => {
      const rows = await query<[...VectorRow, Buffer, string, string, string, Buffer | null]>(
        `select s.seq, s.id, p.name, ${this.names.vector}.vector_send(s.embedding), s.crop_hash, s.source, s.time,
           s.quality, s.crop
         from ${this.table} s join ${this.persons} p on p.id = s.person
         where s.collection = $1 and s.seq > $2 and ($3::text is null or p.name = $3) order by s.seq limit $4`,
        [await this.require(query, target), after, person ?? null, limit + 1],
      );
      const items = rows
        .slice(0, limit)
        .map(([, id, name, embedding, cropHash, source, time, quality, crop]): Sample => {
          const vector = new Float32Array(DIMENSION);
          readVector(embedding, vector, 0);
          return {
            id,
            person: name,
            embedding: vector,
            cropHash: cropHash.toString('hex'),
            source,
            time,
            quality: JSON.parse(quality) as QualityFacts,
            crop: crop && Uint8Array.from(crop),
          };
        });
      return { items, next: rows.length > limit ? Number(rows[limit - 1]![0]) : undefined };
    });
  }

  vectors(target: Target, after: number, limit: number): Promise<VectorSlice> {
    return this.connection.read(async (query) => {
      const rows = await query<VectorRow>(
        `select s.seq, s.id, p.name, ${this.names.vector}.vector_send(s.embedding)
         from ${this.table} s join ${this.persons} p on p.id = s.person
         where s.collection = $1 and s.seq > $2 order by s.seq limit $3`,
        [await this.require(query, target), after, limit],
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
      const collection = await this.lock(query, target);
      const personOf = async (name: string) =>
        (
          await query<[string]>(`select id from ${this.persons} where collection = $1 and name = $2`, [
            collection,
            name,
          ])
        )[0]?.[0];
      const old = await personOf(from);
      if (old === undefined) return undefined;
      const [count] = await query<[string]>(`select count(*) from ${this.table} where person = $1`, [old]);
      const samples = Number(count![0]);
      const other = from === to ? undefined : await personOf(to);
      if (other === undefined) {
        await query(`update ${this.persons} set name = $1 where id = $2`, [to, old]);
        return { merged: false, samples };
      }
      if (!merge) return 'taken';
      await query(`update ${this.table} set person = $1 where person = $2`, [other, old]);
      await query(`delete from ${this.persons} where id = $1`, [old]);
      return { merged: true, samples };
    });
  }

  removePerson(target: Target, person: string): Promise<number> {
    return this.connection.write(async (query) => {
      const collection = await this.lock(query, target);
      const removed = await query(
        `delete from ${this.table} s using ${this.persons} p
         where p.collection = $1 and p.name = $2 and s.person = p.id returning s.seq`,
        [collection, person],
      );
      await query(`delete from ${this.persons} where collection = $1 and name = $2`, [collection, person]);
      return removed.length;
    });
  }

  removeSample(target: Target, id: string): Promise<boolean> {
    return this.connection.write(async (query) => {
      const [gone] = await query<[string]>(
        `delete from ${this.table} where collection = $1 and id = $2 returning person`,
        [await this.lock(query, target), id],
      );
      if (!gone) return false;
      await query(
        `delete from ${this.persons} p
         where p.id = $1 and not exists (select 1 from ${this.table} where person = p.id)`,
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
      const collection = await this.lock(query, target);
      const ids = await query<[string]>(`select id from ${this.table} where collection = $1`, [collection]);
      const where = `${this.location}: collection ${JSON.stringify(target.name)}`;
      checkCoverage(
        ids.map(([id]) => id),
        embeddings,
        where,
      );
      const all = [...embeddings];
      for (let from = 0; from < all.length; from += BATCH) {
        const batch = all.slice(from, from + BATCH);
        await query(
          `update ${this.table} s set embedding = t.embedding::${this.vector}
           from unnest($2::text[], $3::text[]) as t (id, embedding) where s.collection = $1 and s.id = t.id`,
          [collection, batch.map(([id]) => id), batch.map(([, embedding]) => textOf(embedding))],
        );
      }
      await query(`update ${this.collections} set contract = $2 where id = $1`, [
        collection,
        JSON.stringify(contract),
      ]);
      await this.setDecision(query, collection, null, null);
    });
  }

  near(target: Target, probe: Float32Array, count: number, exact: boolean): Promise<NearCandidates> {
    return this.connection.read(async (query) => {
      const collection = await this.require(query, target);
      const scan = exact || count > MAX_EF;
      const distance = `embedding operator(${this.names.vector}.<->) $1::${this.vector}`;
      // Named with SET LOCAL: gone with the transaction. A sum is no expression of the index, so that one scans all.
      if (!scan) await query(`set local hnsw.ef_search = ${Math.max(count, MIN_EF)}`);
      const rows = await query<[...VectorRow, number]>(
        // The collection's number stands in the text, for the planner to see that its index serves.
        `select s.seq, s.id, p.name, ${this.names.vector}.vector_send(s.embedding), s.distance
         from (select seq, id, person, embedding, ${distance} as distance from ${this.table}
               where collection = ${collection} order by ${scan ? `(${distance}) + 0` : distance} limit $2) s
         join ${this.persons} p on p.id = s.person order by s.distance`,
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

  /** False where the name is taken. Each collection has an index of its own, so that others do not crowd it out. */
  private async insertCollection(query: Query, record: CollectionRecord): Promise<boolean> {
    const { name, contract, threshold, calibration, created } = record;
    await query(`lock table ${this.table} in share row exclusive mode`);
    const [added] = await query<[number]>(
      `insert into ${this.collections} (${RECORD}) values ($1, $2, $3, $4, $5) on conflict do nothing returning id`,
      [name, JSON.stringify(contract), threshold, JSON.stringify(calibration), created],
    );
    if (!added) return false;
    const [id] = added;
    await query(
      `create index sample_near_${id} on ${this.table}
       using hnsw (embedding ${this.names.vector}.vector_l2_ops) where collection = ${id}`,
    );
    return true;
  }

  private async createOrFill(query: Query, target: Target, record: CollectionRecord): Promise<void> {
    const [known] = await query(`select 1 from ${this.collections} where name = $1`, [target.name]);
    if (!known && (await this.insertCollection(query, record))) return;
    await query(
      `update ${this.collections} set threshold = $2, calibration = $3
       where id = $1 and threshold is null and $2::double precision is not null`,
      [await this.lock(query, target), record.threshold, JSON.stringify(record.calibration)],
    );
  }

  private async setDecision(
    query: Query,
    collection: number,
    threshold: number | null,
    calibration: Json,
  ): Promise<void> {
    await query(`update ${this.collections} set threshold = $2, calibration = $3 where id = $1`, [
      collection,
      threshold,
      JSON.stringify(calibration),
    ]);
  }

  /** The collection's row id; InputError where it is missing or of another contract. */
  private async require(query: Query, target: Target, lock = ''): Promise<number> {
    const [row] = await query<[number, string]>(
      `select id, contract from ${this.collections} where name = $1${lock}`,
      [target.name],
    );
    checkTarget(target, row && (JSON.parse(row[1]) as ModelContract), this.location);
    return row![0];
  }

  /**
   * As `require`; writers of one collection come one after the other. Everybody locks the table of samples before a
   * collection's row, so that nobody waits for somebody who waits for him.
   */
  private async lock(query: Query, target: Target): Promise<number> {
    await query(`lock table ${this.table} in row exclusive mode`);
    return this.require(query, target, ' for update');
  }

  /** Nobody else writes to the collection meanwhile. */
  private async insertBatch(
    query: Query,
    collection: number,
    samples: readonly Sample[],
    where: (index: number) => string,
  ): Promise<EnrollOutcome[]> {
    const hashes = samples.map(({ cropHash }) => Buffer.from(cropHash, 'hex'));
    const crops = new Map<string, { id: string; person: string }>();
    const found = await query<[Buffer, string, string]>(
      `select s.crop_hash, s.id, p.name from ${this.table} s join ${this.persons} p on p.id = s.person
       where s.collection = $1 and s.crop_hash = any($2::bytea[])`,
      [collection, hashes],
    );
    for (const [hash, id, person] of found) crops.set(hash.toString('hex'), { id, person });
    const taken = await query<[string]>(
      `select id from ${this.table} where collection = $1 and id = any($2::text[])`,
      [collection, samples.map(({ id }) => id)],
    );
    const ids = new Set(taken.map(([id]) => id));
    const added: Sample[] = [];
    const outcomes = samples.map((sample, i): EnrollOutcome => {
      const known = crops.get(sample.cropHash);
      if (known) return { status: 'duplicate', ...known };
      if (ids.has(sample.id)) throw idTaken(where(i), sample.id);
      const { id, person } = sample;
      crops.set(sample.cropHash, { id, person });
      ids.add(id);
      added.push(sample);
      return { status: 'enrolled', id, person };
    });
    if (added.length > 0) await this.insertRows(query, collection, added);
    return outcomes;
  }

  private async insertRows(query: Query, collection: number, samples: readonly Sample[]): Promise<void> {
    const people = samples.map(({ person }) => person);
    await query(
      `insert into ${this.persons} (collection, name) select distinct $1::integer, unnest($2::text[])
       on conflict do nothing`,
      [collection, people],
    );
    const columns: PostgresValue[] = [
      samples.map(({ id }) => id),
      people,
      samples.map(({ embedding }) => textOf(embedding)),
      samples.map(({ cropHash }) => Buffer.from(cropHash, 'hex')),
      samples.map(({ source }) => source),
      samples.map(({ time }) => time),
      samples.map(({ quality }) => JSON.stringify(quality)),
      samples.map(({ crop }) => crop && Buffer.from(crop)),
    ];
    await query(
      `insert into ${this.table} (collection, person, id, embedding, crop_hash, source, time, quality, crop)
       select $1, p.id, t.id, t.embedding::${this.vector}, t.crop_hash, t.source, t.time, t.quality, t.crop
       from unnest($2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::text[], $9::bytea[])
         with ordinality as t (id, person, embedding, crop_hash, source, time, quality, crop, place)
       join ${this.persons} p on p.collection = $1 and p.name = t.person order by t.place`,
      [collection, ...columns],
    );
  }
}

function recordOf([name, contract, threshold, calibration, created]: RecordRow): CollectionRecord {
  return {
    name,
    contract: JSON.parse(contract) as ModelContract,
    threshold,
    calibration: JSON.parse(calibration) as Json,
    created,
  };
}

function pageOf(rows: readonly VectorRow[]): VectorPage {
  const vectors = new Float32Array(rows.length * DIMENSION);
  rows.forEach(([, , , embedding], i) => {
    readVector(embedding, vectors, i * DIMENSION);
  });
  return { ids: rows.map(([, id]) => id), people: rows.map(([, , person]) => person), vectors };
}

/** pgvector's wire form: two 16-bit numbers (dimension, unused), then big-endian f32. */
function readVector(bytes: Buffer, into: Float32Array, offset: number): void {
  for (let i = 0; i < DIMENSION; i++) into[offset + i] = bytes.readFloatBE(4 + 4 * i);
}

/** pgvector's text form. A double's shortest text, read as f32 again, is the same f32. */
function textOf(embedding: Float32Array): string {
  return `[${embedding.join(',')}]`;
}
