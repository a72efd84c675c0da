// A worker: takes jobs one after the other, keeps checkpoints, and gives back what it cannot finish.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeviceLostError,
  FacetError,
  InputError,
  OutOfMemoryError,
  ShapeError,
  WeightsError,
} from '../../src/base/errors.js';
import type { JobError, JobRecord, JobStore, Lease, Progress } from './jobs/types.js';
import { styleSpec } from './spec.js';
import type { StyleEngine, WorkOutcome } from './style-work.js';

/** What became of an attempt. */
export type AttemptEnd = 'done' | 'failed' | 'retry' | 'released' | 'cancelled' | 'lost';

export interface WorkerOptions {
  /** As jobs and messages name it. */
  readonly name: string;
  /** Between heart-beats, in ms (1,000); well below the store's lease. */
  readonly beat?: number;
  /** Between checkpoints, in ms (10,000): so much work is done again after a crash, at most. */
  readonly checkpointEvery?: number;
  /** Between looks at an empty queue, in ms (500). */
  readonly poll?: number;
  /** Told in a line what goes on. */
  readonly log?: (line: string) => void;
  /** Told of each attempt that ended, with its duration in ms. */
  readonly onEnd?: (end: AttemptEnd, ms: number) => void;
}

/** How long a result is held up to a store that does not answer, in ms. */
const PATIENCE = 600_000;
/** The same where the worker is to stop. */
const LAST_PATIENCE = 10_000;

/** Takes jobs of a store and works them on an engine; owns neither. */
export class Worker {
  private readonly beat: number;
  private readonly checkpointEvery: number;
  private readonly poll: number;
  private readonly log: (line: string) => void;

  constructor(
    private readonly store: JobStore,
    private readonly engine: StyleEngine,
    private readonly options: WorkerOptions,
  ) {
    this.beat = options.beat ?? 1000;
    this.checkpointEvery = options.checkpointEvery ?? 10_000;
    this.poll = options.poll ?? 500;
    this.log = options.log ?? (() => {});
  }

  /** Works until `signal` says stop; the picture that is being made is then kept as it is, to be gone on with. */
  async run(signal: AbortSignal): Promise<void> {
    let quiet = 0;
    while (!signal.aborted) {
      try {
        const claimed = await this.store.claim(this.options.name);
        quiet = 0;
        if (claimed) {
          await this.work(claimed.job, claimed.lease, signal);
          continue;
        }
      } catch (error) {
        // The store does not answer: it may tomorrow.
        if (quiet++ === 0) this.log(`the store does not answer: ${lineOf(error)}`);
      }
      await sleep(Math.min(this.poll * 2 ** Math.min(quiet, 4), 10_000), undefined, { signal }).catch(
        () => {},
      );
    }
  }

  private async work(job: JobRecord, lease: Lease, signal: AbortSignal): Promise<void> {
    const started = performance.now();
    const attempt = new Attempt(this.store, job, lease, signal, this.beat, this.checkpointEvery, this.log);
    const end = await attempt.run(this.engine);
    this.log(`job ${job.id}, attempt ${lease.attempt}: ${end}`);
    this.options.onEnd?.(end, performance.now() - started);
  }
}

/** One attempt at one job. */
class Attempt {
  /** Ends the run: the worker is to stop, the client has cancelled, or the lease is lost. */
  private readonly stop = new AbortController();
  private reason: 'cancel' | 'lost' | undefined;
  private progress: Progress;
  private kept = performance.now();
  /** The checkpoint that is being kept. */
  private keeping: Promise<void> | undefined;

  constructor(
    private readonly store: JobStore,
    private readonly job: JobRecord,
    private readonly lease: Lease,
    private readonly signal: AbortSignal,
    private readonly beat: number,
    private readonly checkpointEvery: number,
    private readonly log: (line: string) => void,
  ) {
    this.progress = { step: job.step, total: job.total };
  }

  async run(engine: StyleEngine): Promise<AttemptEnd> {
    const onStop = () => this.stop.abort();
    this.signal.addEventListener('abort', onStop);
    if (this.signal.aborted) onStop();
    const heart = this.beatUntil();
    try {
      const outcome = await this.make(engine);
      await this.keeping;
      return await this.settle(outcome);
    } catch (error) {
      await this.keeping;
      return await this.fail(error);
    } finally {
      this.signal.removeEventListener('abort', onStop);
      heart.end();
      await heart.done;
    }
  }

  private async make(engine: StyleEngine): Promise<WorkOutcome> {
    const { store, lease } = this;
    const inputs = await this.patiently(() => store.inputs(lease));
    const resume = await this.patiently(() => store.latest(lease));
    const spec = styleSpec.parse(this.job.spec);
    return engine.run(spec, inputs, resume, {
      signal: this.stop.signal,
      onStep: async (progress, checkpoint) => {
        this.progress = progress;
        const due = performance.now() - this.kept >= this.checkpointEvery;
        if (!due || this.keeping || progress.step === progress.total) return;
        const bytes = await checkpoint();
        // Written while the next steps are taken.
        this.keeping = this.keep(bytes, progress).finally(() => {
          this.keeping = undefined;
          this.kept = performance.now();
        });
      },
    });
  }

  private async keep(bytes: Uint8Array, progress: Progress): Promise<void> {
    try {
      if (!(await this.store.checkpoint(this.lease, bytes, progress))) this.end('lost');
    } catch (error) {
      // The next one may be kept; until then a crash costs more work.
      this.log(`job ${this.job.id}: the checkpoint of step ${progress.step} was not kept: ${lineOf(error)}`);
    }
  }

  /** Heart-beats until `end` is called. */
  private beatUntil(): { end: () => void; done: Promise<void> } {
    const over = new AbortController();
    const loop = async () => {
      while (!over.signal.aborted) {
        await sleep(this.beat, undefined, { signal: over.signal }).catch(() => {});
        if (over.signal.aborted) return;
        try {
          const answer = await this.store.beat(this.lease, this.progress);
          if (answer !== 'held') this.end(answer);
        } catch (error) {
          // While the store is away nobody else can take the job either.
          this.log(`job ${this.job.id}: no heart-beat: ${lineOf(error)}`);
        }
      }
    };
    return { end: () => over.abort(), done: loop() };
  }

  private end(reason: 'cancel' | 'lost'): void {
    this.reason ??= reason;
    this.stop.abort();
  }

  private async settle(outcome: WorkOutcome): Promise<AttemptEnd> {
    const { store, lease } = this;
    if (this.reason === 'lost') return 'lost';
    if (outcome.done) {
      const won = await this.patiently(() => store.complete(lease, outcome.result, outcome.facts));
      return won ? 'done' : 'lost';
    }
    if (this.reason === 'cancel') {
      return (await this.patiently(() => store.cancelled(lease))) ? 'cancelled' : 'lost';
    }
    const kept = await this.patiently(() => store.checkpoint(lease, outcome.checkpoint, outcome.progress));
    if (!kept) return 'lost';
    return (await this.patiently(() => store.release(lease))) ? 'released' : 'lost';
  }

  private async fail(error: unknown): Promise<AttemptEnd> {
    const { told, retry } = explain(error);
    this.log(`job ${this.job.id}: ${told.code}: ${lineOf(error)}`);
    if (this.reason === 'lost') return 'lost';
    try {
      const held = await this.patiently(() => this.store.fail(this.lease, told, { retry }));
      return held ? (retry ? 'retry' : 'failed') : 'lost';
    } catch (second) {
      // Nobody could be told: the lease runs out, and the job is taken again.
      this.log(`job ${this.job.id}: ${lineOf(second)}`);
      return 'lost';
    }
  }

  /** A call to the store, made again while that does not answer. */
  private async patiently<T>(call: () => Promise<T>): Promise<T> {
    const start = performance.now();
    for (let wait = 100; ; wait = Math.min(wait * 2, 5000)) {
      try {
        return await call();
      } catch (error) {
        const patience = this.signal.aborted ? LAST_PATIENCE : PATIENCE;
        // Stores tell their hindrances as InputError; anything else is a bug, which no waiting mends.
        if (!(error instanceof InputError) || performance.now() - start > patience) throw error;
        this.log(`job ${this.job.id}: the store does not answer: ${lineOf(error)}`);
        await sleep(wait);
      }
    }
  }
}

/** What a client is told of an error, and whether another attempt may go better. */
export function explain(error: unknown): { readonly told: JobError; readonly retry: boolean } {
  const told = (code: string): JobError => ({ code, message: lineOf(error), where: 'job' });
  if (error instanceof DeviceLostError) return { told: told('device_lost'), retry: true };
  if (error instanceof OutOfMemoryError) return { told: told('out_of_memory'), retry: true };
  if (error instanceof InputError || error instanceof ShapeError) {
    return { told: told('bad_input'), retry: false };
  }
  if (error instanceof WeightsError) return { told: told('weights'), retry: false };
  if (error instanceof FacetError) return { told: told('failed'), retry: false };
  // A bug: its text is for the log, which has it, not for strangers.
  return { told: { code: 'internal', message: 'an internal error; see the log', where: 'job' }, retry: true };
}

function lineOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
