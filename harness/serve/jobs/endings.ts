// What becomes of a job whose attempt has ended without a result. A caller's transaction is around every call.
import type { JobDatabase, JobQuery } from './database.js';
import type { JobError, JobStoreOptions } from './types.js';

const WEEK = 7 * 24 * 3600 * 1000;

/** Decides between another attempt and the end. */
export class Endings {
  private readonly maxTries: number;
  private readonly backoff: number;
  private readonly retention: number;

  constructor(
    private readonly db: JobDatabase,
    private readonly tables: { readonly job: string; readonly part: string },
    options: JobStoreOptions,
  ) {
    this.maxTries = options.maxTries ?? 10;
    this.backoff = options.backoff ?? 1000;
    this.retention = options.retention ?? WEEK;
  }

  /** Takes back what silent workers hold, and removes what is older than the retention. */
  async sweep(query: JobQuery): Promise<void> {
    const silent = await query<[id: string, tries: number, cancel: number, worker: string]>(
      `select id, tries, cancel, worker from ${this.tables.job}
       where state = 'running' and lease_until < ${this.db.now} ${this.db.forUpdate}`,
    );
    for (const [id, tries, cancel, worker] of silent) {
      if (cancel === 1) await this.finish(query, id, 'cancelled', null);
      else await this.again(query, id, tries, silence(worker));
    }
    await query(`delete from ${this.tables.job} where finished < ${this.db.now} - $1`, [this.retention]);
  }

  /** Another attempt later, or none where there have been enough. */
  async again(query: JobQuery, id: string, tries: number, error: JobError): Promise<void> {
    if (tries + 1 >= this.maxTries) {
      const message = `${tries + 1} attempts without progress, the last one: ${error.message}`;
      await this.finish(query, id, 'failed', { ...error, message });
      return;
    }
    const delay = this.backoff * 2 ** tries;
    await query(
      `update ${this.tables.job} set state = 'queued', tries = tries + 1, ready = ${this.db.now} + $2,
         worker = null, lease_until = null where id = $1`,
      [id, delay],
    );
    await this.db.enqueue(query, id, delay, true);
  }

  /** The end without a result. */
  async finish(
    query: JobQuery,
    id: string,
    state: 'failed' | 'cancelled',
    error: JobError | null,
  ): Promise<void> {
    await query(
      `update ${this.tables.job} set state = $2, finished = ${this.db.now}, error = $3, worker = null, lease_until = null,
         checkpoint = null, checkpoint_step = null where id = $1`,
      [id, state, error && JSON.stringify(error)],
    );
    // Somebody's pictures: nothing is kept that is not needed.
    await query(`delete from ${this.tables.part} where job = $1`, [id]);
  }
}

function silence(worker: string): JobError {
  return {
    code: 'worker_lost',
    message: `worker ${worker} fell silent: it was ended, or its machine cannot reach the store`,
    where: 'worker',
  };
}
