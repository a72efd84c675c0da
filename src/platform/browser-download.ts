// A file over HTTP in a browser: with progress, its hash checked, kept in Cache Storage under its hash.
import { WeightsError } from '../base/errors.js';

/** Bytes so far, of `total` where known. */
export interface FetchProgress {
  readonly received: number;
  readonly total: number | undefined;
  /** True where the bytes came from Cache Storage and not over the network. */
  readonly cached: boolean;
}

/** A file to fetch, and how it is known to be the right one. */
export interface FetchOptions {
  readonly url: string | URL;
  /** Of the whole file, hexadecimal. */
  readonly sha256: string;
  /** Of the whole file, where the server does not tell. */
  readonly bytes?: number | undefined;
  /** Told of the bytes as they come. */
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where files are kept; the page's own unless said, and nothing is kept where there is none. */
  readonly caches?: CacheStorage | undefined;
}

/** The cache that files are kept in; they are found again by their hash, whatever address they came from. */
export const FILE_CACHE = 'facet-files';

/**
 * The bytes of a file, from Cache Storage where a copy with this hash is kept, else over the network, and then kept.
 * WeightsError where it cannot be had or has another hash; a kept copy that is damaged is fetched anew.
 */
export async function fetchFile(options: FetchOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { url, sha256 } = options;
  const cache = await openCache(options);
  const key = new URL(`?facet-sha256=${sha256}`, 'https://facet.invalid/');
  const kept = await cache?.match(key);
  if (kept) {
    const bytes = await readAll(kept, options, true);
    if ((await sha256Hex(bytes)) === sha256) return bytes;
    await cache?.delete(key);
  }
  const reply = await request(options);
  const bytes = await readAll(reply, options, false);
  const actual = await sha256Hex(bytes);
  if (actual !== sha256) {
    throw new WeightsError(`${url}: sha-256 must be ${sha256}, is ${actual} (${bytes.length} bytes)`);
  }
  // A full disk must not keep the file from being used.
  await cache?.put(key, new Response(bytes)).catch(() => undefined);
  return bytes;
}

/** SHA-256, 64 hexadecimal digits. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function openCache(options: FetchOptions): Promise<Cache | undefined> {
  const storage = 'caches' in options ? options.caches : globalThis.caches;
  // Private windows of some browsers have the interface and refuse its use.
  return storage?.open(FILE_CACHE).catch(() => undefined);
}

async function request({ url, signal }: FetchOptions): Promise<Response> {
  const reply = await fetch(url, { signal: signal ?? null, credentials: 'same-origin' }).catch(
    (error: Error) => {
      if (signal?.aborted) throw error;
      throw new WeightsError(`${url} does not answer: ${error.message}`, { cause: error });
    },
  );
  if (!reply.ok) throw new WeightsError(`${url}: the server says ${reply.status} ${reply.statusText}`);
  return reply;
}

async function readAll(
  reply: Response,
  { url, bytes, onProgress, signal }: FetchOptions,
  cached: boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  // A compressed reply's length is not that of the file.
  const stated = reply.headers.has('content-encoding') ? null : reply.headers.get('content-length');
  const total = bytes ?? (stated === null ? undefined : Number(stated));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  const reader = reply.body?.getReader();
  try {
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      parts.push(next.value);
      received += next.value.length;
      onProgress?.({ received, total, cached });
    }
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new WeightsError(
      `${url}: the connection ended after ${received} of ${total ?? 'unknown'} bytes: ${(error as Error).message}`,
      { cause: error },
    );
  }
  const whole = new Uint8Array(received);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
