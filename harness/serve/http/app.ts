// The service as a function from request to answer: guard, limits, routes, and every error as JSON.
import { Hono } from 'hono';
import { Guard, type GuardOptions } from './guard.js';
import type { Metrics } from './metrics.js';
import { openApiOf } from './openapi.js';
import { answerOf, Problem, problemOf } from './problem.js';
import type { Call, Route } from './route.js';
import { type Form, parseJson, parseValue, type UploadLimits, Uploads } from './upload.js';

/** What node's server hands over beside the request. */
interface Bindings {
  readonly incoming?: { readonly socket: { readonly remoteAddress?: string | undefined } };
}

/** A file of the studio, read when the service began. */
export interface SiteFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface AppOptions extends GuardOptions {
  readonly routes: readonly Route[];
  readonly metrics: Metrics;
  readonly uploads: UploadLimits;
  /** Seconds that a request may take, but for streams. */
  readonly requestSeconds: number;
  readonly version: string;
  /** Whether the service can work now, for /healthz. */
  readonly healthy: () => Promise<boolean>;
  /** Pages by path. */
  readonly site?: ReadonlyMap<string, SiteFile>;
  /** Ends what still runs when the service stops. */
  readonly closing: AbortSignal;
  readonly log: (line: string) => void;
}

const CSP = "default-src 'none'; frame-ancestors 'none'";
/** Of pages: what they are made of comes from here, and nothing goes elsewhere. */
const PAGE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The service's fetch function. */
export function createApp(options: AppOptions): Hono<{ Bindings: Bindings }> {
  const app = new Hono<{ Bindings: Bindings }>();
  const guard = new Guard(options);
  const uploads = new Uploads(options.uploads);
  const { metrics, log } = options;
  const pageOf = (path: string) => options.site?.get(path === '/' ? '/index.html' : path);

  const fail = (error: unknown, where: string): Response => {
    const problem =
      problemOf(error, where) ?? new Problem(500, 'internal', 'an internal error; see the log', where);
    if (problem.code === 'internal') log(`internal error: ${error instanceof Error ? error.stack : error}`);
    metrics.problem(problem.code);
    return answerOf(problem);
  };

  app.use(async (c, next) => {
    const started = performance.now();
    const client = c.env?.incoming?.socket.remoteAddress ?? 'local';
    try {
      guard.check({
        client,
        open: c.req.path === '/healthz' || (c.req.method === 'GET' && pageOf(c.req.path) !== undefined),
        header: (name) => c.req.header(name),
      });
      await next();
    } catch (error) {
      c.res = fail(error, 'request');
    }
    const known = options.routes.find(({ path }) => path === templateOf(c.req.routePath));
    const label = known?.path ?? (c.res.status < 400 ? 'other' : 'unknown');
    metrics.request(c.req.method, label, c.res.status, (performance.now() - started) / 1000);
    secure(c.res.headers);
  });
  app.onError((error) => fail(error, 'request'));

  app.get('/healthz', async () => {
    const healthy = await options.healthy();
    return Response.json({ status: healthy ? 'ok' : 'degraded' }, { status: healthy ? 200 : 503 });
  });
  app.get('/metrics', () => metrics.answer());
  const document = openApiOf(options.routes, options.version);
  app.get('/openapi.json', () => Response.json(document));

  const methods = new Map<string, string[]>();
  for (const one of options.routes) {
    const path = one.path.replace(/\{(\w+)\}/g, ':$1');
    methods.set(path, [...(methods.get(path) ?? []), one.method.toUpperCase()]);
    app.on(one.method.toUpperCase(), path, async (c) => {
      try {
        return await answer(one, uploads, options, {
          request: c.req.raw,
          params: c.req.param(),
          query: queryOf(c.req.queries()),
          client: c.env?.incoming?.socket.remoteAddress ?? 'local',
        });
      } catch (error) {
        return fail(error, 'request');
      }
    });
  }
  for (const [path, known] of methods) {
    app.all(path, () => {
      const problem = new Problem(405, 'wrong_method', `the method must be ${known.join(' or ')}`, 'method');
      const response = fail(problem, 'method');
      response.headers.set('allow', known.join(', '));
      return response;
    });
  }
  app.get('*', async (c, next) => {
    const file = pageOf(c.req.path);
    if (!file) return next();
    const headers = { 'content-type': file.type, 'content-security-policy': PAGE_CSP };
    return new Response(file.bytes, { headers });
  });
  app.notFound(() =>
    fail(new Problem(404, 'no_such_path', 'there is nothing here; see /openapi.json', 'path'), 'path'),
  );
  return app;
}

interface Raw {
  readonly request: Request;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly client: string;
}

async function answer(one: Route, uploads: Uploads, options: AppOptions, raw: Raw): Promise<Response> {
  const params = one.params ? parseValue(raw.params, one.params, 'path') : undefined;
  const query = one.query ? parseValue(raw.query, one.query, 'query') : undefined;
  const time = AbortSignal.timeout(options.requestSeconds * 1000);
  const parts = [raw.request.signal, options.closing, ...(one.stream ? [] : [time])];
  const signal = AbortSignal.any(parts);
  const handle = (given: Pick<Call<unknown, unknown, unknown>, 'files' | 'options'>) => {
    const header = (name: string) => raw.request.headers.get(name) ?? undefined;
    const call = { params, query, ...given, header, client: raw.client, signal };
    return one.stream ? one.handle(call) : inTime(one.handle(call), time, options.requestSeconds);
  };
  if (one.files) {
    return inTime(
      uploads.withForm(raw.request, (form) => handle(checkForm(one, form))),
      time,
      options.requestSeconds,
    );
  }
  if (!one.options) return handle({ files: () => [], options: undefined });
  const type = raw.request.headers.get('content-type') ?? '';
  if (!/^application\/json\b/i.test(type)) {
    throw new Problem(415, 'not_json', 'the body must be application/json', 'body');
  }
  return uploads.withBody(raw.request, (body) =>
    handle({ files: () => [], options: parseJson(body.toString('utf8'), one.options!, 'body') }),
  );
}

function checkForm(one: Route, { files, options }: Form) {
  for (const field of files.keys()) {
    if (!Object.hasOwn(one.files!, field)) {
      throw new Problem(
        400,
        'unknown_field',
        `there is no field ${JSON.stringify(field.slice(0, 40))}`,
        'body',
      );
    }
  }
  for (const [field, { min, max }] of Object.entries(one.files!)) {
    const count = files.get(field)?.length ?? 0;
    if (count < min || count > max) {
      const wanted = min === max ? `${min}` : `${min} to ${max}`;
      throw new Problem(400, 'wrong_count', `must have ${wanted} files, got ${count}`, field);
    }
  }
  if (options !== undefined && !one.options) throw new Problem(400, 'unknown_field', 'takes none', 'options');
  return {
    files: (field: string) => files.get(field) ?? [],
    options: one.options && parseJson(options ?? '{}', one.options, 'options'),
  };
}

/** Rejects when the time is up; what still runs then is nobody's any more. */
async function inTime<T>(work: Promise<T>, time: AbortSignal, seconds: number): Promise<T> {
  let late = () => {};
  const over = new Promise<never>((_, reject) => {
    late = () => reject(new Problem(503, 'timeout', `not done within ${seconds} s; try again`, 'request', 5));
    time.addEventListener('abort', late);
    if (time.aborted) late();
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    time.removeEventListener('abort', late);
    work.catch(() => undefined);
  }
}

/** The value of each parameter; one that is given twice is refused. */
function queryOf(queries: Record<string, string[]>): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, values] of Object.entries(queries)) {
    if (values.length > 1)
      throw new Problem(400, 'repeated_parameter', 'is there twice', `query.${name.slice(0, 40)}`);
    query[name] = values[0]!;
  }
  return query;
}

function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function secure(headers: Headers): void {
  if (!headers.has('content-security-policy')) headers.set('content-security-policy', CSP);
  headers.set('x-content-type-options', 'nosniff');
  headers.set('referrer-policy', 'no-referrer');
  headers.set('cross-origin-resource-policy', 'same-origin');
  headers.set('cross-origin-opener-policy', 'same-origin');
  headers.set('x-frame-options', 'DENY');
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
}
