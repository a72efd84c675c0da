// Who may use the GPU now: one at a time, in the order of asking. A picture that takes minutes lets whoever waits go
// first between two of its steps.
import { FacetError } from '../../src/base/errors.js';

/** There are more in the queue than will be served in time. */
export class BusyError extends FacetError {}

/** A lock that is handed on in the order in which it was asked for. */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private held = false;

  /** `limit` callers of `brief` may wait. */
  constructor(private readonly limit = 32) {}

  /** How many wait. */
  get queued(): number {
    return this.waiting.length;
  }

  /** Runs `work` alone; BusyError where too many wait already. */
  async brief<T>(work: () => Promise<T>): Promise<T> {
    if (this.waiting.length >= this.limit) {
      throw new BusyError(`the GPU has ${this.waiting.length} requests waiting, at most ${this.limit} may`);
    }
    return this.long(work);
  }

  /** Runs `work` alone, however many wait; it calls `between` where others may go first. */
  async long<T>(work: () => Promise<T>): Promise<T> {
    await this.take();
    try {
      return await work();
    } finally {
      this.pass();
    }
  }

  /** Lets all that wait now go first. Called by who holds the lock. */
  async between(): Promise<void> {
    if (this.waiting.length === 0) return;
    const back = this.take();
    this.pass();
    await back;
  }

  private take(): Promise<void> {
    if (!this.held) {
      this.held = true;
      return Promise.resolve();
    }
    return new Promise((mine) => this.waiting.push(mine));
  }

  private pass(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.held = false;
  }
}
