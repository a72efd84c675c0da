// A route as data: the schemas that check a request are those that the OpenAPI document shows.
import { z } from 'zod';

/** What a handler is given; all of it has passed its schema. */
export interface Call<P, Q, O> {
  readonly params: P;
  readonly query: Q;
  /** Of the field `options`, or of the JSON body. */
  readonly options: O;
  /** Pictures by field; where a field allows none, the list is empty. */
  readonly files: (field: string) => readonly Uint8Array[];
  readonly header: (name: string) => string | undefined;
  /** Address of who asks. */
  readonly client: string;
  /** Ends when the client goes, or its time is up. */
  readonly signal: AbortSignal;
}

/** How many pictures a field takes. */
export interface FileField {
  readonly min: number;
  readonly max: number;
  readonly description: string;
}

/** An answer as the document tells it. */
export interface Reply {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Where it is not JSON. */
  readonly type?: string;
}

/** One method of one path. */
export interface Route<P = unknown, Q = unknown, O = unknown> {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** With parameters in braces. */
  readonly path: string;
  readonly summary: string;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  /** Multipart: pictures, and `options` as JSON. Without files the JSON is the body. */
  readonly files?: Readonly<Record<string, FileField>>;
  readonly options?: z.ZodType<O>;
  /** What answers take long, so that the time of a request does not hold. */
  readonly stream?: boolean;
  readonly replies: Readonly<Record<number, Reply>>;
  handle(call: Call<P, Q, O>): Promise<Response>;
}

/** Ties the types of a route's schemas to its handler. */
export function route<P = unknown, Q = unknown, O = unknown>(given: Route<P, Q, O>): Route {
  return given as unknown as Route;
}

/** The body of every error. */
export const problemSchema = z
  .object({
    error: z.object({
      code: z.string().describe('for programs'),
      message: z.string().describe('for people, one line'),
      where: z.string().describe('the part of the request'),
    }),
  })
  .meta({ id: 'Problem' });
