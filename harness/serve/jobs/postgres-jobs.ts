// Jobs in PostgreSQL, for any number of servers and workers on any machines. pg-boss is the queue: a message is sent,
// taken and deleted inside the transaction that changes its job, so that a worker killed in between leaves both as
// they were. How long a job is a worker's is the job's own matter (a lease), for pg-boss knows no heart-beats.
import PgBoss from 'pg-boss';
import { InputError } from '../../../src/base/errors.js';
import {
  PostgresConnection,
  type PostgresValue,
  type Query,
  type SqlExecutor,
} from '../../node/gallery/postgres-connection.js';
import { quoted } from '../../node/gallery/postgres-schema.js';
import type { JobDatabase, JobQuery } from './database.js';
import { jobTables } from './schema.js';
import { SqlJobStore } from './sql-store.js';
import type { JobStore, JobStoreOptions } from './types.js';

export interface DatabaseJobsOptions extends JobStoreOptions {
  /** The schema that the tables are in; default `facet_jobs`. pg-boss has `<schema>_queue`. */
  readonly schema?: string;
}

const QUEUE = 'job';
const VERSION = 1;

/**
 * Opens the jobs in a PostgreSQL database, whose tables are made where they are missing. `url` as
 * postgres://USER:PASSWORD@HOST:PORT/DATABASE. InputError where the server or a right is missing.
 */
export async function openJobDatabase(url: string, options: DatabaseJobsOptions = {}): Promise<JobStore> {
  const { schema = 'facet_jobs', ...rest } = options;
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(schema)) {
    throw new InputError(
      `the name of the jobs' schema must be 1 to 40 lower-case letters, digits or _, it is ${JSON.stringify(schema)}`,
    );
  }
  const [control, bulk] = [await PostgresConnection.of(url), await PostgresConnection.of(url)];
  try {
    const boss = await startQueue(control, `${schema}_queue`);
    await migrate(control, schema);
    return new SqlJobStore(new PostgresJobs(control, bulk, boss), `${quoted(schema)}.`, rest);
  } catch (error) {
    await Promise.all([control.close(), bulk.close()]);
    throw error;
  }
}

/** pg-boss on our connection; nothing of it runs by itself, for no message outlives its transaction as `active`. */
async function startQueue(connection: PostgresConnection, schema: string): Promise<PgBoss> {
  const db = {
    // Making its tables is a transaction of its own, with a lock against others that do the same.
    executeSql: (text: string, values?: unknown[]) =>
      connection.write((_query, executor) => executor.executeSql(text, values)),
  };
  const boss = new PgBoss({ db, schema, supervise: false, schedule: false });
  const failures: Error[] = [];
  boss.on('error', (error) => failures.push(error));
  await boss.start();
  await boss.createQueue(QUEUE);
  if (failures[0]) throw failures[0];
  return boss;
}

async function migrate(connection: PostgresConnection, name: string): Promise<void> {
  const schema = quoted(name);
  await connection.write(async (query) => {
    // Two programs may meet an empty database at once.
    await query('select pg_advisory_xact_lock(hashtext($1))', [`facet jobs ${name}`]);
    await query(`create schema if not exists ${schema}`);
    await query(`create table if not exists ${schema}.migration (version integer primary key)`);
    const [row] = await query<[number]>(`select coalesce(max(version), 0) from ${schema}.migration`);
    if (row![0] > VERSION) {
      throw new InputError(
        `${connection.location}: the job store has schema ${row![0]}, this program knows up to ${VERSION}; update facet`,
      );
    }
    if (row![0] === VERSION) return;
    const serial = 'bigint generated always as identity primary key';
    for (const table of jobTables({ serial, bytes: 'bytea', prefix: `${schema}.` })) await query(table);
    await query(`insert into ${schema}.migration (version) values ($1)`, [VERSION]);
  });
}

class PostgresJobs implements JobDatabase {
  /** The statement's time, not the transaction's: a lease is counted from when it is given. */
  readonly now = '(extract(epoch from clock_timestamp()) * 1000)::double precision';
  readonly forUpdate = 'for update';
  /** Of the transactions that are open, by their query. */
  private readonly executors = new WeakMap<JobQuery, SqlExecutor>();

  constructor(
    private readonly control: PostgresConnection,
    private readonly pictures: PostgresConnection,
    private readonly boss: PgBoss,
  ) {}

  get location(): string {
    return this.control.location;
  }

  transaction<T>(work: (query: JobQuery) => Promise<T>): Promise<T> {
    return this.on(this.control, work);
  }

  bulk<T>(work: (query: JobQuery) => Promise<T>): Promise<T> {
    return this.on(this.pictures, work);
  }

  async enqueue(query: JobQuery, id: string, delay: number, again: boolean): Promise<void> {
    // In seconds of the server's clock: those of the machines may disagree.
    const startAfter = Math.round(delay / 1000);
    const options = { id, db: this.executor(query), priority: again ? 1 : 0 };
    await this.boss.send(QUEUE, {}, startAfter > 0 ? { ...options, startAfter } : options);
  }

  async dequeue(query: JobQuery): Promise<string | undefined> {
    const executor = this.executor(query);
    let failure: unknown;
    // fetch would keep an error to itself.
    const db: SqlExecutor = {
      executeSql: async (text, values) => {
        try {
          return await executor.executeSql(text, values);
        } catch (error) {
          failure = error;
          throw error;
        }
      },
    };
    const [message] = await this.boss.fetch(QUEUE, { db, batchSize: 1 } as PgBoss.FetchOptions);
    if (failure) throw failure;
    if (!message) return undefined;
    await this.forget(query, message.id);
    return message.id;
  }

  async forget(query: JobQuery, id: string): Promise<void> {
    await this.boss.deleteJob(QUEUE, id, { db: this.executor(query) });
  }

  async close(): Promise<void> {
    await this.boss.stop({ graceful: false, wait: false, close: false });
    await Promise.all([this.control.close(), this.pictures.close()]);
  }

  private on<T>(connection: PostgresConnection, work: (query: JobQuery) => Promise<T>): Promise<T> {
    return connection.write((inner: Query, executor) => {
      const query: JobQuery = (sql, values = []) => inner(sql, values as readonly PostgresValue[]);
      this.executors.set(query, executor);
      return work(query);
    });
  }

  private executor(query: JobQuery): SqlExecutor {
    return this.executors.get(query)!;
  }
}
