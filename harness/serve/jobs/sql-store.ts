// The job store over a database. A worker's every write carries the number of its attempt, and changes nothing where the
// job has been given to another: a worker that was thought dead and is not can do no harm, and a result appears once.
import { randomUUID } from 'node:crypto';
import type { Json } from '../../../src/faces/gallery/types.js';
import type { JobDatabase, JobQuery } from './database.js';
import { Endings } from './endings.js';
import { COLUMNS, Parts, type Row, recordOf } from './rows.js';
import {
  type Beat,
  JOB_STATES,
  type JobError,
  type JobRecord,
  type JobState,
  type JobStore,
  type JobStoreOptions,
  type Lease,
  type NewJob,
  type Progress,
} from './types.js';

/** Names of parts begin so. */
const INPUT = 'input:';
const CHECKPOINT = 'checkpoint:';
const RESULT = 'result';

/** A JobStore on a JobDatabase, which it owns; `prefix` is the tables' schema with its dot. */
export class SqlJobStore implements JobStore {
  private readonly lease: number;
  private readonly job: string;
  private readonly part: string;
  private readonly parts: Parts;
  private readonly endings: Endings;
  /** When this connection last looked for silent workers. */
  private swept = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly db: JobDatabase,
    prefix: string,
    options: JobStoreOptions = {},
  ) {
    this.lease = options.lease ?? 15_000;
    this.job = `${prefix}job`;
    this.part = `${prefix}part`;
    this.parts = new Parts(this.part);
    this.endings = new Endings(db, { job: this.job, part: this.part }, options);
  }

  get location(): string {
    return this.db.location;
  }

  async create({ spec, inputs, key }: NewJob): Promise<{ job: JobRecord; fresh: boolean }> {
    const id = randomUUID();
    return this.db.transaction(async (query) => {
      const made = await query(
        `insert into ${this.job} (id, request_key, state, attempt, tries, cancel, created, ready, spec, step, total)
         values ($1, $2, 'queued', 0, 0, 0, ${this.db.now}, ${this.db.now}, $3, 0, 0)
         on conflict (request_key) do nothing returning id`,
        [id, key ?? null, JSON.stringify(spec)],
      );
      if (made.length === 0) {
        const [known] = await query<Row>(`select ${COLUMNS} from ${this.job} where request_key = $1`, [key!]);
        return { job: recordOf(known!), fresh: false };
      }
      for (const [name, bytes] of inputs) await this.parts.put(query, id, INPUT + name, bytes);
      await this.db.enqueue(query, id, 0, false);
      return { job: (await this.select(query, id))!, fresh: true };
    });
  }

  async find(id: string): Promise<JobRecord | undefined> {
    return this.db.transaction((query) => this.select(query, id));
  }

  async list(options: { before?: string; limit?: number } = {}): Promise<JobRecord[]> {
    const { before, limit = 50 } = options;
    const where = before === undefined ? '' : `where seq < (select seq from ${this.job} where id = $2)`;
    return this.db.transaction(async (query) => {
      const rows = await query<Row>(
        `select ${COLUMNS} from ${this.job} ${where} order by seq desc limit $1`,
        [limit, ...(before === undefined ? [] : [before])],
      );
      return rows.map(recordOf);
    });
  }

  async counts(): Promise<Record<JobState, number>> {
    const rows = await this.db.transaction((query) =>
      query<[JobState, number]>(`select state, cast(count(*) as integer) from ${this.job} group by state`),
    );
    const none = Object.fromEntries(JOB_STATES.map((state) => [state, 0])) as Record<JobState, number>;
    return { ...none, ...Object.fromEntries(rows) };
  }

  async claim(worker: string): Promise<{ job: JobRecord; lease: Lease } | undefined> {
    // A transaction of its own: in PostgreSQL a message can be taken by later ones only.
    if (performance.now() - this.swept > Math.min(1000, this.lease / 10)) await this.sweep();
    return this.db.transaction(async (query) => {
      const id = await this.db.dequeue(query);
      if (id === undefined) return undefined;
      const [row] = await query<Row>(
        `update ${this.job} set state = 'running', attempt = attempt + 1, worker = $2,
           started = coalesce(started, ${this.db.now}), lease_until = ${this.db.now} + $3
         where id = $1 and state = 'queued' returning ${COLUMNS}`,
        [id, worker, this.lease],
      );
      if (!row) return undefined;
      const job = recordOf(row);
      return { job, lease: { id, attempt: job.attempt } };
    });
  }

  async inputs({ id }: Lease): Promise<Map<string, Uint8Array>> {
    return this.db.bulk(async (query) => {
      const names = await query<[string]>(
        `select distinct name from ${this.part} where job = $1 and name like $2`,
        [id, `${INPUT}%`],
      );
      const inputs = new Map<string, Uint8Array>();
      for (const [name] of names) inputs.set(name.slice(INPUT.length), await this.parts.get(query, id, name));
      return inputs;
    });
  }

  async latest({ id }: Lease): Promise<Uint8Array | undefined> {
    return this.db.bulk(async (query) => {
      const [row] = await query<[string | null]>(`select checkpoint from ${this.job} where id = $1`, [id]);
      return row?.[0] ? this.parts.get(query, id, row[0]) : undefined;
    });
  }

  async beat(lease: Lease, { step, total }: Progress): Promise<Beat> {
    return this.db.transaction(async (query) => {
      const [row] = await query<[number]>(
        `update ${this.job} set lease_until = ${this.db.now} + $3, step = $4, total = $5
         where ${HELD} returning cancel`,
        [lease.id, lease.attempt, this.lease, step, total],
      );
      if (!row) return 'lost';
      return row[0] === 0 ? 'held' : 'cancel';
    });
  }

  async checkpoint(lease: Lease, bytes: Uint8Array, progress: Progress): Promise<boolean> {
    const name = `${CHECKPOINT}${lease.attempt}:${progress.step}`;
    // Long, and without a lock on the job, whose heart goes on beating meanwhile.
    await this.db.bulk(async (query) => {
      await query(`delete from ${this.part} where job = $1 and name = $2`, [lease.id, name]);
      await this.parts.put(query, lease.id, name, bytes);
    });
    return this.db.transaction(async (query) => {
      const [held] = await query(
        `update ${this.job} set checkpoint = $3, checkpoint_step = $4, step = $4, total = $5, tries = 0,
           lease_until = ${this.db.now} + $6
         where ${HELD} returning id`,
        [lease.id, lease.attempt, name, progress.step, progress.total, this.lease],
      );
      // The one before, or what a worker wrote that was killed before it could say so.
      const condition = held ? 'name like $3 and name <> $2' : 'name = $2 and name like $3';
      await query(`delete from ${this.part} where job = $1 and ${condition}`, [
        lease.id,
        name,
        `${CHECKPOINT}%`,
      ]);
      return held !== undefined;
    });
  }

  async complete(lease: Lease, result: Uint8Array, facts: Json): Promise<boolean> {
    return this.db.transaction(async (query) => {
      const [held] = await query(
        `update ${this.job} set state = 'done', finished = ${this.db.now}, step = total, facts = $3,
           worker = null, lease_until = null, checkpoint = null, checkpoint_step = null
         where ${HELD} returning id`,
        [lease.id, lease.attempt, JSON.stringify(facts)],
      );
      if (!held) return false;
      await query(`delete from ${this.part} where job = $1`, [lease.id]);
      await this.parts.put(query, lease.id, RESULT, result);
      return true;
    });
  }

  async fail(lease: Lease, error: JobError, { retry }: { retry: boolean }): Promise<boolean> {
    return this.db.transaction(async (query) => {
      const [row] = await query<[number]>(
        `select tries from ${this.job} where ${HELD} ${this.db.forUpdate}`,
        [lease.id, lease.attempt],
      );
      if (!row) return false;
      if (retry) await this.endings.again(query, lease.id, row[0], error);
      else await this.endings.finish(query, lease.id, 'failed', error);
      return true;
    });
  }

  async release(lease: Lease): Promise<boolean> {
    return this.db.transaction(async (query) => {
      const [held] = await query<[number]>(
        `update ${this.job} set state = 'queued', ready = ${this.db.now}, worker = null, lease_until = null
         where ${HELD} returning cancel`,
        [lease.id, lease.attempt],
      );
      if (!held) return false;
      if (held[0] === 1) await this.endings.finish(query, lease.id, 'cancelled', null);
      else await this.db.enqueue(query, lease.id, 0, true);
      return true;
    });
  }

  async cancelled(lease: Lease): Promise<boolean> {
    return this.db.transaction(async (query) => {
      const [held] = await query(`select id from ${this.job} where ${HELD} ${this.db.forUpdate}`, [
        lease.id,
        lease.attempt,
      ]);
      if (held) await this.endings.finish(query, lease.id, 'cancelled', null);
      return held !== undefined;
    });
  }

  async cancel(id: string): Promise<JobRecord | undefined> {
    return this.db.transaction(async (query) => {
      const [row] = await query<[JobState]>(
        `select state from ${this.job} where id = $1 ${this.db.forUpdate}`,
        [id],
      );
      if (row?.[0] === 'queued') {
        await this.db.forget(query, id);
        await this.endings.finish(query, id, 'cancelled', null);
      } else if (row?.[0] === 'running') {
        await query(`update ${this.job} set cancel = 1 where id = $1`, [id]);
      }
      return this.select(query, id);
    });
  }

  async result(id: string): Promise<Uint8Array | undefined> {
    return this.db.bulk(async (query) => {
      const [done] = await query(`select id from ${this.job} where id = $1 and state = 'done'`, [id]);
      return done && this.parts.get(query, id, RESULT);
    });
  }

  async remove(id: string): Promise<boolean> {
    return this.db.transaction(async (query) => {
      const gone = await query(
        `delete from ${this.job} where id = $1 and state in ('done', 'failed', 'cancelled') returning id`,
        [id],
      );
      return gone.length > 0;
    });
  }

  async sweep(): Promise<void> {
    await this.db.transaction((query) => this.endings.sweep(query));
    this.swept = performance.now();
  }

  async close(): Promise<void> {
    await this.db.close();
  }

  private async select(query: JobQuery, id: string): Promise<JobRecord | undefined> {
    const [row] = await query<Row>(`select ${COLUMNS} from ${this.job} where id = $1`, [id]);
    return row && recordOf(row);
  }
}

/** The rows that a lease ($1, $2) still holds. */
const HELD = `id = $1 and attempt = $2 and state = 'running'`;
