// Jobs in one file: libsql with a write-ahead log, for the service that needs no server beside it. Workers of the same
// machine may use the file at once.
import { resolve } from 'node:path';
import { InputError } from '../../../src/base/errors.js';
import { type FileOwner, LibsqlDatabase } from '../../node/gallery/libsql-database.js';
import { closeInTurn, inTurn, runPortable } from '../../node/gallery/libsql-turns.js';
import type { JobDatabase, JobQuery, JobValue } from './database.js';
import { jobTables } from './schema.js';
import { SqlJobStore } from './sql-store.js';
import type { JobStore, JobStoreOptions } from './types.js';

export interface FileJobsOptions extends JobStoreOptions {
  /** Milliseconds since 1970; the machine's clock unless told. */
  readonly clock?: () => number;
  /** How long to wait for another program's lock, in ms; default 10,000. */
  readonly busyTimeout?: number;
}

/** Marks SQLite files as job stores: the letters `jobs`. */
const APPLICATION_ID = 0x6a6f6273;
const VERSION = 1;

const OWNER: FileOwner = {
  noun: 'job store',
  migrate(db) {
    db.write(() => {
      const [[id], [version], [tables]] = [
        db.query<[number]>('pragma application_id')[0]!,
        db.query<[number]>('pragma user_version')[0]!,
        db.query<[number]>('select count(*) from sqlite_schema')[0]!,
      ];
      if (id !== APPLICATION_ID && (id !== 0 || tables !== 0)) {
        throw new InputError(`${db.path}: is no job store: the database belongs to another program`);
      }
      if (version > VERSION) {
        throw new InputError(
          `${db.path}: the job store has schema ${version}, this program knows up to ${VERSION}; update facet`,
        );
      }
      if (version === VERSION) return;
      db.exec(`pragma application_id = ${APPLICATION_ID}; pragma user_version = ${VERSION};`);
      const types = { serial: 'integer primary key autoincrement', bytes: 'blob', prefix: '' };
      for (const table of jobTables(types)) db.exec(table);
      db.exec('create table purge (since text not null)');
    });
  },
};

/** Opens the jobs in the file `path`, which is made where it is missing, readable by its owner only. */
export async function openJobFile(path: string, options: FileJobsOptions = {}): Promise<JobStore> {
  const { clock = Date.now, busyTimeout, ...rest } = options;
  const db = await LibsqlDatabase.open(resolve(path), {
    owner: OWNER,
    ...(busyTimeout === undefined ? {} : { busyTimeout }),
  });
  return new SqlJobStore(new LibsqlJobs(db, clock), '', rest);
}

class LibsqlJobs implements JobDatabase {
  readonly forUpdate = '';

  constructor(
    private readonly db: LibsqlDatabase,
    private readonly clock: () => number,
  ) {}

  get location(): string {
    return this.db.path;
  }

  /** Stands for a parameter: a time in the text would make each statement a new one, to be compiled and kept. */
  readonly now = '$now';

  transaction<T>(work: (query: JobQuery) => Promise<T>): Promise<T> {
    return inTurn(this.db, 'begin immediate', () => work(this.query));
  }

  bulk<T>(work: (query: JobQuery) => Promise<T>): Promise<T> {
    return this.transaction(work);
  }

  /** A job that waits is in the queue by its state. */
  async enqueue(): Promise<void> {}

  async dequeue(query: JobQuery): Promise<string | undefined> {
    const [row] = await query<[string]>(
      `select id from job where state = 'queued' and ready <= ${this.now} order by seq limit 1`,
    );
    return row?.[0];
  }

  async forget(): Promise<void> {}

  async close(): Promise<void> {
    await closeInTurn(this.db);
  }

  private readonly query: JobQuery = async <Row extends unknown[]>(
    sql: string,
    values: readonly JobValue[] = [],
  ) => {
    if (!sql.includes(this.now)) return runPortable<Row>(this.db, sql, values);
    const given = [...values, this.clock()];
    return runPortable<Row>(this.db, sql.replaceAll(this.now, `$${given.length}`), given);
  };
}
