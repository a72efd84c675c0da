// The page's end of the wire: starts jobs in the worker and hears of them.
import { DeviceLostError } from '../../../src/base/errors.js';
import {
  decodeError,
  type EventOf,
  type FromWorker,
  type Jobs,
  type MessageOf,
  type ParamsOf,
  type ResultOf,
  type ToWorker,
} from './messages.js';

/** What of a Worker is used; a MessagePort is one too. */
export interface WorkerLike {
  /** Sends a message; what is in `transfer` is moved, not copied. */
  postMessage(message: ToWorker, transfer: Transferable[]): void;
  /** Messages of the worker. */
  addEventListener(type: 'message', listener: (event: { readonly data: FromWorker }) => void): void;
  /** A worker that could not be started, or broke. */
  addEventListener(type: 'error', listener: (event: { readonly message: string }) => void): void;
  /** Ends the worker; a MessagePort has no such method. */
  terminate?(): void;
}

/** A job under way. */
export interface RunningJob<Message, Result> {
  readonly result: Promise<Result>;
  /** A word to the job, in the form that its kind of job takes. */
  tell(message: Message): void;
  /** Asks the job to end soon; `result` then has what it made, or rejects where it has nothing. */
  cancel(): void;
}

interface Pending {
  onEvent(event: unknown): void;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Jobs `J` of a worker, called from a page. */
export class WorkerClient<J extends Jobs> {
  private readonly pending = new Map<number, Pending>();
  private next = 1;

  constructor(private readonly worker: WorkerLike) {
    worker.addEventListener('message', ({ data }) => this.hear(data));
    worker.addEventListener('error', ({ message }) =>
      this.fail(new Error(`the worker could not be started or broke: ${message || 'no reason was told'}`)),
    );
  }

  /** Starts a job. What it throws is thrown by `result`, as Facet's class where it is one. */
  start<K extends keyof J & string>(
    job: K,
    params: ParamsOf<J[K]>,
    onEvent: (event: EventOf<J[K]>) => void = () => {},
    transfer: Transferable[] = [],
  ): RunningJob<MessageOf<J[K]>, ResultOf<J[K]>> {
    const id = this.next++;
    const result = new Promise<ResultOf<J[K]>>((resolve, reject) => {
      this.pending.set(id, {
        onEvent: (event) => onEvent(event as EventOf<J[K]>),
        resolve: (value) => resolve(value as ResultOf<J[K]>),
        reject,
      });
    });
    this.worker.postMessage({ type: 'start', id, job, params }, transfer);
    return {
      result,
      tell: (message) => this.worker.postMessage({ type: 'tell', id, message }, []),
      cancel: () => this.worker.postMessage({ type: 'cancel', id }, []),
    };
  }

  /** As `start`, for jobs of which only the result matters. */
  call<K extends keyof J & string>(job: K, params: ParamsOf<J[K]>): Promise<ResultOf<J[K]>> {
    return this.start(job, params).result;
  }

  /** Ends the worker with all that it holds; jobs under way reject. */
  terminate(): void {
    this.worker.terminate?.();
    this.fail(new DeviceLostError('the worker was ended by its page'));
  }

  private hear(message: FromWorker): void {
    const job = this.pending.get(message.id);
    if (!job) return;
    if (message.type === 'event') {
      job.onEvent(message.event);
      return;
    }
    this.pending.delete(message.id);
    if (message.type === 'done') job.resolve(message.result);
    else job.reject(decodeError(message.error));
  }

  private fail(error: Error): void {
    for (const job of this.pending.values()) job.reject(error);
    this.pending.clear();
  }
}
