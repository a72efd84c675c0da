// Progress of jobs as server-sent events. One look at the store for each watched job, however many watch it.
import type { JobRecord, JobStore } from '../jobs/types.js';
import { Problem } from './problem.js';

type Listener = (job: JobRecord | undefined) => void;

/** Looks after the jobs that somebody watches. */
export class Watch {
  private readonly listeners = new Map<string, Set<Listener>>();
  private timer: NodeJS.Timeout | undefined;
  private count = 0;
  private closed = false;

  constructor(
    private readonly store: JobStore,
    private readonly every = 300,
    private readonly most = 256,
  ) {}

  /** How many watch. */
  get watchers(): number {
    return this.count;
  }

  /**
   * The events of a job until it is finished: `progress` with the job, whenever it has changed. A reader that is slow
   * gets the newest state when it reads again, so that nothing piles up for it.
   */
  stream(first: JobRecord, shown: (job: JobRecord) => unknown, signal: AbortSignal): Response {
    if (this.count >= this.most) {
      throw new Problem(503, 'busy', `${this.count} are watching, at most ${this.most} may`, 'events', 5);
    }
    const encoder = new TextEncoder();
    let stop = () => {};
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          let last = '';
          let pending: JobRecord | undefined;
          let idle = 0;
          const send = () => {
            if (!pending || (controller.desiredSize ?? 0) <= 0) return;
            const text = JSON.stringify(shown(pending));
            const final = pending.finished !== null;
            pending = undefined;
            idle = 0;
            if (text !== last) controller.enqueue(encoder.encode(`event: progress\ndata: ${text}\n\n`));
            last = text;
            if (final) end();
          };
          const listen: Listener = (job) => {
            if (!job) return end();
            pending = job;
            send();
            // A line that says nothing keeps connections from being taken for dead.
            if (++idle * this.every >= 15_000 && (controller.desiredSize ?? 0) > 0) {
              controller.enqueue(encoder.encode(': \n\n'));
              idle = 0;
            }
          };
          let over = false;
          const end = () => {
            if (over) return;
            over = true;
            this.drop(first.id, listen);
            signal.removeEventListener('abort', end);
            try {
              controller.close();
            } catch {
              // The reader has closed it before.
            }
          };
          stop = end;
          this.add(first.id, listen);
          signal.addEventListener('abort', end);
          listen(first);
        },
        cancel: () => stop(),
      },
      { highWaterMark: 4 },
    );
    return new Response(body, {
      headers: { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' },
    });
  }

  /** Ends all streams. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const listeners of [...this.listeners.values()]) for (const tell of [...listeners]) tell(undefined);
  }

  private add(id: string, listener: Listener): void {
    const listeners = this.listeners.get(id) ?? new Set();
    this.listeners.set(id, listeners.add(listener));
    this.count++;
    this.timer ??= setTimeout(() => void this.look(), this.every);
  }

  private drop(id: string, listener: Listener): void {
    const listeners = this.listeners.get(id);
    if (!listeners?.delete(listener)) return;
    this.count--;
    if (listeners.size === 0) this.listeners.delete(id);
  }

  private async look(): Promise<void> {
    for (const id of [...this.listeners.keys()]) {
      try {
        const job = await this.store.find(id);
        for (const tell of [...(this.listeners.get(id) ?? [])]) tell(job);
      } catch {
        // The store is away: the next look may find it.
      }
    }
    this.timer = undefined;
    if (this.listeners.size > 0 && !this.closed) this.timer = setTimeout(() => void this.look(), this.every);
  }
}
