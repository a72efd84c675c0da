// One HTTP GET over Node's fetch: HTTPS only, redirects followed by hand, a stalled line cut, errors in words.
import { WeightsError } from '../base/errors.js';

/** What every request of a transfer shares. */
export interface RequestOptions {
  /** Aborting it makes the call throw the signal's reason; what was fetched is kept. */
  readonly signal?: AbortSignal;
  /** Milliseconds without a byte after which the connection counts as cut (30,000). */
  readonly stallMs?: number;
}

/** An answer with status 200, 206 or 416. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The file's sha-256, where the server states one: an ETag of 64 hexadecimal digits, as LFS stores have. */
  readonly statedSha256: string | undefined;
  /** The body; throws CutConnection when it breaks off. Leaving the loop early closes the connection. */
  chunks(): AsyncGenerator<Uint8Array>;
  /** Closes the connection, the body unread. */
  discard(): void;
}

/** The connection failed in a way that another attempt may mend. */
export class CutConnection extends Error {}

const MAX_REDIRECTS = 8;
const DEFAULT_STALL_MS = 30_000;
/** Statuses that pass: request timeout, too many requests, and a server's own faults. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
/** System error codes that pass. */
const PASSING_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENETUNREACH',
]);

/** GETs `url` with `headers`. Throws WeightsError for what stays wrong, CutConnection for what may pass. */
export async function get(
  url: string,
  headers: Record<string, string>,
  options: RequestOptions = {},
): Promise<Reply> {
  const { signal, stallMs = DEFAULT_STALL_MS } = options;
  const line = new AbortController();
  const stall = () => line.abort(new CutConnection(`${url}: no data for ${stallMs / 1000} s`));
  let timer = setTimeout(stall, stallMs);
  const close = () => {
    clearTimeout(timer);
    line.abort();
  };
  const failed = (error: unknown): never => {
    clearTimeout(timer);
    signal?.throwIfAborted();
    throw line.signal.aborted ? line.signal.reason : explain(error, url);
  };
  // Compressed transfer would make byte ranges and lengths meaningless.
  const fields = { ...headers, 'accept-encoding': 'identity', 'user-agent': 'facet' };
  const both = signal ? AbortSignal.any([signal, line.signal]) : line.signal;

  let at = url;
  let statedSha256: string | undefined;
  for (let hop = 0; ; hop++) {
    checkProtocol(at);
    const response = await fetch(at, { headers: fields, redirect: 'manual', signal: both }).catch(failed);
    // A file store states the hash on its first answer, before it redirects to where the bytes are.
    statedSha256 ??=
      sha256Of(response.headers.get('x-linked-etag')) ?? sha256Of(response.headers.get('etag'));
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || !location) {
      const { status } = response;
      if (status !== 200 && status !== 206 && status !== 416) {
        close();
        const message = `${url}: the server answered ${status} ${response.statusText}`.trimEnd();
        throw PASSING.has(status) ? new CutConnection(message) : new WeightsError(message);
      }
      return {
        status,
        headers: response.headers,
        statedSha256,
        chunks: () => chunks(response),
        discard: close,
      };
    }
    await response.body?.cancel();
    if (hop === MAX_REDIRECTS)
      return failed(new WeightsError(`${url}: more than ${MAX_REDIRECTS} redirects`));
    at = new URL(location, at).href;
  }

  async function* chunks(response: Response): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of response.body ?? []) {
        clearTimeout(timer);
        yield chunk as Uint8Array;
        timer = setTimeout(stall, stallMs);
      }
    } catch (error) {
      failed(error);
    } finally {
      close();
    }
  }
}

/** Weights are code's equal: they come over HTTPS; plain HTTP only from this machine. Throws WeightsError. */
export function checkProtocol(url: string): void {
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' };
  const local = hostname === '127.0.0.1' || hostname === '[::1]' || hostname === 'localhost';
  if (protocol === 'https:' || (protocol === 'http:' && local)) return;
  throw new WeightsError(`${url}: weights are fetched over https only`);
}

function sha256Of(etag: string | null): string | undefined {
  return etag ? /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(etag)?.[1] : undefined;
}

/** fetch says "fetch failed" or "terminated"; the reason hangs below it. */
function explain(error: unknown, url: string): Error {
  if (error instanceof WeightsError) return error;
  const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
  const code = cause?.code ?? '';
  const host = new URL(url).host;
  if (code === 'ENOTFOUND') {
    return new WeightsError(`${url}: there is no host ${host}, or no network (DNS: ${code})`, {
      cause: error,
    });
  }
  const text = `${url}: ${cause?.message || message}${code ? ` (${code})` : ''}`;
  // `terminated` is a body that broke off; undici's own codes are time-outs and closed sockets.
  if (PASSING_CODES.has(code) || code.startsWith('UND_ERR') || message === 'terminated') {
    return new CutConnection(text, { cause: error });
  }
  return new WeightsError(text, { cause: error });
}
