// What is wrong with a request, as its client is told: one JSON object, no stack, no path of this machine.
import {
  DeviceLostError,
  FacetError,
  InputError,
  KernelError,
  OutOfMemoryError,
  ShapeError,
  WeightsError,
} from '../../../src/base/errors.js';
import { BusyError } from '../turns.js';

/** An answer that is an error. `where` names the part of the request. */
export class Problem extends FacetError {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly where: string,
    /** Seconds after which it may go better. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** The body of every error. */
export interface ProblemBody {
  readonly error: { readonly code: string; readonly message: string; readonly where: string };
}

/** Codes of what databases, disks and connections say when they are in the way. */
const OUTAGE = /^(?:SQLITE_|E[A-Z]{3,}|ERR_TLS|ERR_SSL|[0-9A-Z]{5}$)/;

/** Whether a store's error is about the store and not about what was asked of it. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof InputError)) return false;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return OUTAGE.test(code) || /connection (?:was lost|terminated)/i.test(error.message);
}

/** Runs a call to a store; whatever goes wrong in it is no fault of the client. */
export async function ofStore<T>(call: Promise<T>, log: (line: string) => void): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    log(error.message);
    throw unavailable();
  }
}

/** The store does not answer. */
export function unavailable(): Problem {
  return new Problem(503, 'unavailable', 'the store does not answer now; try again later', 'store', 5);
}

/** The problem that an error is for the client; `undefined` for a bug, which only the log may see. */
export function problemOf(error: unknown, where: string): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof BusyError) return new Problem(503, 'busy', error.message, 'gpu', 2);
  if (error instanceof DeviceLostError || error instanceof KernelError) {
    return new Problem(503, 'device_lost', 'the GPU failed; try again', 'gpu', 5);
  }
  // The client has gone, or the service is ending: nobody reads this but the metrics.
  if (error instanceof DOMException) return new Problem(503, 'aborted', 'the request was ended', 'request');
  if (isOutage(error)) return unavailable();
  if (error instanceof OutOfMemoryError) return new Problem(422, 'too_large', error.message, where);
  if (error instanceof WeightsError) {
    return new Problem(
      422,
      'weights',
      'the weights of this net are not installed on the server',
      'options.net',
    );
  }
  if (error instanceof InputError || error instanceof ShapeError) {
    return new Problem(422, 'unusable', error.message, where);
  }
  return undefined;
}

/** The answer that tells a problem. */
export function answerOf({ status, code, message, where, retryAfter }: Problem): Response {
  const body: ProblemBody = { error: { code, message, where } };
  return Response.json(body, {
    status,
    headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  });
}
