// Jobs of the service as they are kept: what a client sees, what a worker holds, and the store between them.
import type { Json } from '../../../src/faces/gallery/types.js';

/** `queued` until a worker takes it; the last three are final. */
export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Why a job failed, as clients are told. */
export interface JobError {
  readonly code: string;
  readonly message: string;
  readonly where: string;
}

/** A job without its pictures. Times are milliseconds since 1970, UTC. */
export interface JobRecord {
  /** A random UUID: who does not know it cannot guess it. */
  readonly id: string;
  readonly state: JobState;
  /** How often a worker has taken it: the fence that keeps a worker that was given up from writing. */
  readonly attempt: number;
  /** Attempts that ended in a crash or a passing error since the last checkpoint. */
  readonly tries: number;
  readonly created: number;
  readonly started: number | null;
  readonly finished: number | null;
  /** Who has it, while it runs. */
  readonly worker: string | null;
  /** What is to be done, as its kind understands it. */
  readonly spec: Json;
  /** Steps done, of `total`; 0 of 0 before the first. */
  readonly step: number;
  readonly total: number;
  /** Step of the checkpoint that a next attempt goes on from, null without one. */
  readonly checkpointStep: number | null;
  readonly error: JobError | null;
  /** What the result is like; null until there is one. */
  readonly facts: Json;
}

/** What a client hands in. */
export interface NewJob {
  readonly spec: Json;
  /** Pictures by name. */
  readonly inputs: ReadonlyMap<string, Uint8Array>;
  /** Made up by the client: the same key gives the same job, so that a request may be sent again. */
  readonly key?: string | undefined;
}

/** A worker's hold on a job. Calls with one that is no longer held change nothing. */
export interface Lease {
  readonly id: string;
  readonly attempt: number;
}

/** How far a job is. */
export interface Progress {
  readonly step: number;
  readonly total: number;
}

/** What a heart-beat answers: go on, stop because the client wishes it, stop because another worker has it. */
export type Beat = 'held' | 'cancel' | 'lost';

export interface JobStoreOptions {
  /** How long a job stays a worker's after its last heart-beat, in ms (15,000). */
  readonly lease?: number;
  /** Attempts without a new checkpoint before a job has failed (10). */
  readonly maxTries?: number;
  /** Wait before an attempt after a crash, in ms, doubled each time (1,000). */
  readonly backoff?: number;
  /** How long finished jobs and their results are kept, in ms (7 days). */
  readonly retention?: number;
}

/**
 * Jobs with their pictures, checkpoints and results, for any number of servers and workers. Every call is one
 * transaction, durable when it resolves, and rejects with InputError where disk or server is in the way.
 */
export interface JobStore {
  /** As messages name the store, without a password. */
  readonly location: string;
  /** Keeps a job; `fresh` is false where `key` is known, and the job is the one that was made with it. */
  create(job: NewJob): Promise<{ readonly job: JobRecord; readonly fresh: boolean }>;
  find(id: string): Promise<JobRecord | undefined>;
  /** The newest first; `before` is the id of the last one of the page before. */
  list(options?: { readonly before?: string; readonly limit?: number }): Promise<JobRecord[]>;
  /** How many jobs are in each state. */
  counts(): Promise<Readonly<Record<JobState, number>>>;
  /** Takes the oldest job that waits, if one does. Jobs of workers that have fallen silent wait again. */
  claim(worker: string): Promise<{ readonly job: JobRecord; readonly lease: Lease } | undefined>;
  /** The pictures that the job was made with. */
  inputs(lease: Lease): Promise<Map<string, Uint8Array>>;
  /** What the job goes on from, undefined where it begins. */
  latest(lease: Lease): Promise<Uint8Array | undefined>;
  beat(lease: Lease, progress: Progress): Promise<Beat>;
  /** Keeps a checkpoint in place of the one before; false where the lease is lost, and nothing is kept. */
  checkpoint(lease: Lease, bytes: Uint8Array, progress: Progress): Promise<boolean>;
  /** The job is done: its result is visible, its pictures and checkpoint are gone. False where the lease is lost. */
  complete(lease: Lease, result: Uint8Array, facts: Json): Promise<boolean>;
  /** The attempt failed; `retry` lets the job wait for another, as often as `maxTries` allows. */
  fail(lease: Lease, error: JobError, options: { readonly retry: boolean }): Promise<boolean>;
  /** Gives the job back unfinished, to be gone on with from its checkpoint; counts as no failure. */
  release(lease: Lease): Promise<boolean>;
  /** The worker has stopped, as the client wished. */
  cancelled(lease: Lease): Promise<boolean>;
  /** Wishes a job stopped: one that waits is cancelled at once, a running one by its worker. Undefined: no such job. */
  cancel(id: string): Promise<JobRecord | undefined>;
  /** The picture of a job that is done. */
  result(id: string): Promise<Uint8Array | undefined>;
  /** Removes a finished job with its result; false where there is none or it is not finished. */
  remove(id: string): Promise<boolean>;
  /** Takes back what silent workers hold, and removes what is older than the retention; claim does so too. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}
