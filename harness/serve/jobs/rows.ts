// How jobs lie in their columns, and their pictures, checkpoints and results in parts.
import type { Json } from '../../../src/faces/gallery/types.js';
import type { JobQuery } from './database.js';
import { PART } from './schema.js';
import type { JobError, JobRecord, JobState } from './types.js';

/** A job as `COLUMNS` selects it. */
export type Row = [
  id: string,
  state: JobState,
  attempt: number,
  tries: number,
  created: number,
  started: number | null,
  finished: number | null,
  worker: string | null,
  spec: string,
  step: number,
  total: number,
  checkpointStep: number | null,
  error: string | null,
  facts: string | null,
];
/** The columns of a job. */
export const COLUMNS =
  'id, state, attempt, tries, created, started, finished, worker, spec, step, total, checkpoint_step, error, facts';

/** A job from its row. */
export function recordOf([
  id,
  state,
  attempt,
  tries,
  created,
  started,
  finished,
  worker,
  spec,
  step,
  total,
  checkpointStep,
  error,
  facts,
]: Row): JobRecord {
  return {
    id,
    state,
    attempt,
    tries,
    created,
    started,
    finished,
    worker,
    spec: JSON.parse(spec) as Json,
    step,
    total,
    checkpointStep,
    error: error === null ? null : (JSON.parse(error) as JobError),
    facts: facts === null ? null : (JSON.parse(facts) as Json),
  };
}

/** The table `part`: bytes of a job by name, in pieces. A caller's transaction is around every call. */
export class Parts {
  constructor(private readonly part: string) {}

  /** Adds bytes under a name that the job has not. */
  async put(query: JobQuery, id: string, name: string, bytes: Uint8Array): Promise<void> {
    for (let number = 0; number * PART < bytes.length; number++) {
      await query(`insert into ${this.part} (job, name, number, bytes) values ($1, $2, $3, $4)`, [
        id,
        name,
        number,
        bytes.subarray(number * PART, (number + 1) * PART),
      ]);
    }
  }

  /** The bytes under a name; none where there is no such name. */
  async get(query: JobQuery, id: string, name: string): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const [row] = await query<[Uint8Array]>(
        `select bytes from ${this.part} where job = $1 and name = $2 and number = $3`,
        [id, name, parts.length],
      );
      if (!row) return Buffer.concat(parts);
      parts.push(row[0]);
    }
  }
}
