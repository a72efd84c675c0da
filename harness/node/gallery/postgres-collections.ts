// Collections of a gallery in PostgreSQL: their rows, their locks and their index. A caller's transaction is around them.
import { checkTarget, type Target } from '../../../src/faces/gallery/checks.js';
import type {
  CollectionFacts,
  CollectionRecord,
  Json,
  ModelContract,
} from '../../../src/faces/gallery/types.js';
import type { Query } from './postgres-connection.js';
import { RECORD, type RecordRow, recordOf } from './postgres-rows.js';
import type { PostgresNames } from './postgres-schema.js';
import { encryptedMeanwhile } from './sealed/database.js';

/** The table of collections; `location` names the database in messages. */
export class PostgresCollections {
  constructor(
    private readonly names: PostgresNames,
    private readonly location: string,
  ) {}

  /** The collection called `name`. */
  async find(query: Query, name: string): Promise<CollectionRecord | undefined> {
    const [row] = await query<RecordRow>(`select ${RECORD} from ${this.names.collections} where name = $1`, [
      name,
    ]);
    return row && recordOf(row);
  }

  /** As GalleryBackend.list. */
  async list(query: Query, name?: string): Promise<readonly CollectionFacts[]> {
    const rows = await query<[...RecordRow, people: string, samples: string]>(
      `select ${RECORD}, (select count(*) from ${this.names.people} where collection = c.id),
         (select count(*) from ${this.names.samples} where collection = c.id)
       from ${this.names.collections} c where $1::text is null or name = $1 order by name`,
      [name ?? null],
    );
    return rows.map(([n, contract, threshold, calibration, created, people, samples]) => ({
      ...recordOf([n, contract, threshold, calibration, created]),
      people: Number(people),
      samples: Number(samples),
    }));
  }

  /** Removes a collection with its index; false where there is none. */
  async drop(query: Query, name: string): Promise<boolean> {
    await query(`lock table ${this.names.samples} in access exclusive mode`);
    const [gone] = await query<[number]>(
      `delete from ${this.names.collections} where name = $1 returning id`,
      [name],
    );
    if (gone) await query(`drop index ${this.names.schema}.sample_near_${gone[0]}`);
    return gone !== undefined;
  }

  /** False where the name is taken. Each collection has an index of its own, so that others do not crowd it out. */
  async insert(query: Query, record: CollectionRecord): Promise<boolean> {
    const { name, contract, threshold, calibration, created } = record;
    await query(`lock table ${this.names.samples} in share row exclusive mode`);
    // A store that was opened before is still there, and must put nothing beside the encrypted rows.
    const sealed = await query(`select 1 from ${this.names.schema}.gallery_key`);
    if (sealed.length > 0) throw encryptedMeanwhile(this.location);
    const [added] = await query<[number]>(
      `insert into ${this.names.collections} (${RECORD}) values ($1, $2, $3, $4, $5) on conflict do nothing returning id`,
      [name, JSON.stringify(contract), threshold, JSON.stringify(calibration), created],
    );
    if (!added) return false;
    const [id] = added;
    await query(
      `create index sample_near_${id} on ${this.names.samples}
       using hnsw (embedding ${this.names.vector}.vector_l2_ops) where collection = ${id}`,
    );
    return true;
  }

  /** Makes the collection where it is missing, else fills in a missing threshold. */
  async createOrFill(query: Query, target: Target, record: CollectionRecord): Promise<void> {
    const [known] = await query(`select 1 from ${this.names.collections} where name = $1`, [target.name]);
    if (!known && (await this.insert(query, record))) return;
    await query(
      `update ${this.names.collections} set threshold = $2, calibration = $3
       where id = $1 and threshold is null and $2::double precision is not null`,
      [await this.lock(query, target), record.threshold, JSON.stringify(record.calibration)],
    );
  }

  /** Of the collection of that row id. */
  async setDecision(
    query: Query,
    collection: number,
    threshold: number | null,
    calibration: Json,
  ): Promise<void> {
    await query(`update ${this.names.collections} set threshold = $2, calibration = $3 where id = $1`, [
      collection,
      threshold,
      JSON.stringify(calibration),
    ]);
  }

  /** The collection's row id; InputError where it is missing or of another contract. */
  async require(query: Query, target: Target, lock = ''): Promise<number> {
    const [row] = await query<[number, string]>(
      `select id, contract from ${this.names.collections} where name = $1${lock}`,
      [target.name],
    );
    checkTarget(target, row && (JSON.parse(row[1]) as ModelContract), this.location);
    return row![0];
  }

  /**
   * As `require`; writers of one collection come one after the other. Everybody locks the table of samples before a
   * collection's row, so that nobody waits for somebody who waits for him.
   */
  async lock(query: Query, target: Target): Promise<number> {
    await query(`lock table ${this.names.samples} in row exclusive mode`);
    return this.require(query, target, ' for update');
  }
}
