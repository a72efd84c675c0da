// The worker's end of the wire: starts jobs, hands on words and cancellations, reports how they end.
import {
  encodeError,
  type FromWorker,
  type Job,
  type JobContext,
  type Jobs,
  type ToWorker,
  Transferring,
} from './messages.js';

/** What of a worker's global scope is used; a MessagePort is one too. */
export interface Wire {
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: ToWorker }) => void): void;
}

interface Running {
  readonly abort: AbortController;
  /** Words that came before the job listened. */
  readonly waiting: unknown[];
  listener?: (message: unknown) => void;
}

/** Serves `jobs` on a wire. Jobs run side by side; a job that must not takes its turn itself. */
export function serveJobs(wire: Wire, jobs: Jobs): void {
  const running = new Map<number, Running>();
  wire.addEventListener('message', ({ data }) => {
    const job = running.get(data.id);
    switch (data.type) {
      case 'start':
        void run(data.id, data.job, data.params);
        return;
      case 'tell':
        if (job?.listener) job.listener(data.message);
        else job?.waiting.push(data.message);
        return;
      case 'cancel':
        job?.abort.abort();
    }
  });

  async function run(id: number, name: string, params: unknown): Promise<void> {
    const state: Running = { abort: new AbortController(), waiting: [] };
    running.set(id, state);
    const context: JobContext<unknown, unknown> = {
      signal: state.abort.signal,
      emit: (event, transfer = []) => wire.postMessage({ type: 'event', id, event }, transfer),
      onMessage(listener) {
        state.listener = listener;
        for (const message of state.waiting.splice(0)) listener(message);
      },
    };
    try {
      const job = jobs[name] as Job<unknown, unknown, unknown, unknown> | undefined;
      if (!job) throw new Error(`the worker has no job ${name}`);
      const ended = await job(params, context);
      const moved = ended instanceof Transferring ? ended : new Transferring(ended, []);
      wire.postMessage({ type: 'done', id, result: moved.result }, moved.transfer);
    } catch (error) {
      wire.postMessage({ type: 'failed', id, error: encodeError(error) }, []);
    } finally {
      running.delete(id);
    }
  }
}
