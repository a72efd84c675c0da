// Bodies of requests: counted while they come, parsed when they are whole.
import type { z } from 'zod';
import { Problem } from './problem.js';

export interface UploadLimits {
  /** Most bytes of one body (64 MiB). */
  readonly maxUpload: number;
  /** Most bytes of all bodies that are being read at once (four of the largest). */
  readonly maxUploads: number;
  /** Most parts of a multipart body (24). */
  readonly maxParts: number;
}

/** A multipart body: pictures by field, in order, and the JSON of the field `options`. */
export interface Form {
  readonly files: ReadonlyMap<string, readonly Uint8Array[]>;
  readonly options: string | undefined;
}

/** Reads bodies within limits that hold for all requests together. */
export class Uploads {
  private reading = 0;

  constructor(private readonly limits: UploadLimits) {}

  /** Runs `work` with the whole body, whose bytes count against the limit of all bodies until it ends. */
  async withBody<T>(request: Request, work: (body: Buffer<ArrayBuffer>) => Promise<T>): Promise<T> {
    const { maxUpload, maxUploads } = this.limits;
    const said = request.headers.get('content-length');
    // Without a length it may be the largest.
    const expected = said === null ? maxUpload : Number(said);
    if (!Number.isSafeInteger(expected) || expected < 0) {
      throw new Problem(400, 'bad_length', 'Content-Length must be a whole number', 'body');
    }
    if (expected > maxUpload) throw tooLarge(maxUpload);
    if (this.reading + expected > maxUploads) {
      throw new Problem(503, 'busy', 'too many uploads at once; try again', 'body', 1);
    }
    this.reading += expected;
    try {
      return await work(await readAll(request, maxUpload));
    } finally {
      this.reading -= expected;
    }
  }

  /** The parts of a multipart body. */
  async withForm<T>(request: Request, work: (form: Form) => Promise<T>): Promise<T> {
    const type = request.headers.get('content-type') ?? '';
    const boundary = /^multipart\/form-data\s*;.*?boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type);
    if (!boundary) {
      throw new Problem(415, 'not_multipart', 'the body must be multipart/form-data with a boundary', 'body');
    }
    return this.withBody(request, async (body) => {
      // Counted before they are parsed: a part of no bytes costs a sender two lines and a parser an object.
      const parts = count(body, Buffer.from(`--${boundary[1] ?? boundary[2]}`, 'latin1'));
      if (parts > this.limits.maxParts + 1) {
        throw new Problem(
          413,
          'too_many_parts',
          `the body must have at most ${this.limits.maxParts} parts`,
          'body',
        );
      }
      return work(await parse(body, type));
    });
  }
}

async function readAll(request: Request, most: number): Promise<Buffer<ArrayBuffer>> {
  if (!request.body) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let total = 0;
  const reader = request.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      total += value.length;
      if (total > most) throw tooLarge(most);
      chunks.push(value);
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    if (error instanceof Problem) throw error;
    throw new Problem(400, 'aborted', 'the body was not sent to its end', 'body');
  }
  return Buffer.concat(chunks);
}

function tooLarge(most: number): Problem {
  return new Problem(413, 'too_large', `the body must have at most ${most} bytes`, 'body');
}

function count(body: Buffer, word: Buffer): number {
  let found = 0;
  for (let at = body.indexOf(word); at >= 0; at = body.indexOf(word, at + word.length)) found++;
  return found;
}

async function parse(body: Buffer<ArrayBuffer>, type: string): Promise<Form> {
  const form = await new Response(body, { headers: { 'content-type': type } }).formData().catch(() => {
    throw new Problem(400, 'bad_multipart', 'the body is no well-formed multipart/form-data', 'body');
  });
  const files = new Map<string, Uint8Array[]>();
  let options: string | undefined;
  for (const [name, value] of form) {
    if (name === 'options') {
      if (options !== undefined)
        throw new Problem(400, 'repeated_field', 'options is there twice', 'options');
      // With a content type of its own a part counts as a file.
      options = typeof value === 'string' ? value : await value.text();
    } else if (typeof value === 'string') {
      throw new Problem(400, 'unknown_field', `${JSON.stringify(name.slice(0, 40))} must be a file`, 'body');
    } else {
      const bytes = new Uint8Array(await value.arrayBuffer());
      files.set(name, [...(files.get(name) ?? []), bytes]);
    }
  }
  return { files, options };
}

/** Most characters of the JSON of a request. */
const MOST_JSON = 64 * 1024;

/** JSON that has to be as `schema` says; Problem tells the first thing that is not. */
export function parseJson<T>(text: string, schema: z.ZodType<T>, where: string): T {
  if (text.length > MOST_JSON) {
    throw new Problem(413, 'too_large', `must have at most ${MOST_JSON} characters`, where);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem(400, 'bad_json', 'must be JSON', where);
  }
  return parseValue(value, schema, where);
}

/** The same for a value. */
export function parseValue<T>(value: unknown, schema: z.ZodType<T>, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new Problem(400, 'bad_request', issue.message, [where, ...issue.path.map(String)].join('.'));
}
