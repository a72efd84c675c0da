// What passes between a page and the worker that owns the GPU: jobs with parameters, events, words in between, an end.
import * as errors from '../../../src/base/errors.js';

/** Page -> worker. */
export type ToWorker =
  | { readonly type: 'start'; readonly id: number; readonly job: string; readonly params: unknown }
  | { readonly type: 'tell'; readonly id: number; readonly message: unknown }
  | { readonly type: 'cancel'; readonly id: number };

/** Worker -> page. */
export type FromWorker =
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'done'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError };

/** An error as data: its class would not survive the way. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly fact?: errors.ErrorFact | undefined;
}

const CLASSES = new Map<string, new (message: string, options?: errors.FacetErrorOptions) => Error>(
  Object.values(errors).map((kind) => [kind.name, kind]),
);

export function encodeError(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack } = error;
  const fact = error instanceof errors.FacetError ? error.fact : undefined;
  return { name, message, stack, ...(fact ? { fact } : {}) };
}

/** The error again, of Facet's class of that name where there is one. */
export function decodeError({ name, message, stack, fact }: WireError): Error {
  const found = CLASSES.get(name) ?? Error;
  const error = new found(message, { fact });
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** What a job is given besides its parameters. */
export interface JobContext<Event, Message> {
  /** Aborted when the page cancels: a job then ends soon, with a result where it has one. */
  readonly signal: AbortSignal;
  /** Sends an event to the page; what is in `transfer` is moved, not copied. */
  emit(event: Event, transfer?: Transferable[]): void;
  /** Words of the page, kept until somebody listens; one listener at a time. */
  onMessage(listener: (message: Message) => void): void;
}

/** Work for the worker. A result may be `transferring(result, buffers)`. */
export type Job<Params, Event, Message, Result> = (
  params: Params,
  context: JobContext<Event, Message>,
) => Promise<Result | Transferring<Result>>;

/** Jobs by name. */
export type Jobs = Record<string, Job<never, never, never, unknown>>;

/** The parameters of a job. */
export type ParamsOf<J> = J extends Job<infer P, never, never, unknown> ? P : never;
/** The events that a job emits. */
export type EventOf<J> = J extends (p: never, c: JobContext<infer E, never>) => unknown ? E : never;
/** The messages that a job takes while it runs. */
export type MessageOf<J> = J extends (p: never, c: JobContext<never, infer M>) => unknown ? M : never;
/** What a job resolves to. */
export type ResultOf<J> = J extends (p: never, c: never) => Promise<infer R>
  ? Exclude<R, Transferring<unknown>>
  : never;

/** A result whose buffers are moved to the page. */
export class Transferring<T> {
  constructor(
    readonly result: T,
    readonly transfer: Transferable[],
  ) {}
}

/** A result of a job, with the buffers of it that are moved to the page. */
export function transferring<T>(result: T, transfer: Transferable[]): Transferring<T> {
  return new Transferring(result, transfer);
}
