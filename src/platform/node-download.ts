// Files and parts of files over HTTP: with progress, resumed after a cut, checked, moved into place whole.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeightsError } from '../base/errors.js';
import { CutConnection, checkProtocol, get, type Reply, type RequestOptions } from './node-http.js';
import { type ByteRange, PartFile, type PartState } from './node-part-file.js';

/** Bytes so far, of `total` where known, `resumed` of them from an earlier call. */
export interface TransferProgress {
  readonly received: number;
  readonly total: number | undefined;
  readonly resumed: number;
}

export interface TransferOptions extends RequestOptions {
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Attempts after a cut connection, counted anew whenever data has arrived (5). */
  readonly retries?: number;
  /** Milliseconds before the first new attempt, doubled for each further one up to 10 s (500). */
  readonly backoffMs?: number;
}

export interface DownloadOptions extends TransferOptions {
  readonly url: string;
  /** Where the file goes; replaced if there. */
  readonly to: string;
  /** Of the whole file; undefined where it is not known. */
  readonly sha256?: string;
}

export interface Download {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Fetches a whole file. Throws WeightsError for an address that does not answer or does not have the file, a
 * full disk, and another hash than `sha256` (only then what was fetched is removed).
 */
export async function download(options: DownloadOptions): Promise<Download> {
  const { part, sha256 } = await downloadPart(options);
  await part.moveTo(options.to);
  return { bytes: part.size, sha256 };
}

/** As `download`, but leaves the complete and checked file under its part name, for the caller to use up. */
export async function downloadPart(options: DownloadOptions): Promise<{ part: PartFile; sha256: string }> {
  const { url, to, sha256 } = options;
  checkProtocol(url);
  const part = new PartFile(to);
  // Without a validator a resumed file can only be trusted if its hash is checked at the end.
  const started = await part.resume((state) => {
    return state.url === url && state.ranges === null && (state.validator !== null || sha256 !== undefined);
  });
  let resumed = part.size;
  let validator = started?.validator ?? null;

  await persist(options, part, async () => {
    const headers: Record<string, string> = {};
    if (part.size > 0 && (validator || sha256 !== undefined)) {
      headers.range = `bytes=${part.size}-`;
      if (validator) headers['if-range'] = validator;
    }
    const reply = await get(url, headers, options);
    if (sha256 !== undefined) checkStated(url, reply, sha256);
    const total = totalOf(reply);
    if (reply.status === 416) {
      reply.discard();
      if (total === part.size) return;
      await part.restart({ url, validator: null, ranges: null });
      throw new CutConnection(`${url}: the server has ${total ?? 'fewer'} bytes, ${part.size} were here`);
    }
    if (reply.status === 200 || beginOf(reply) !== part.size) {
      if (reply.status === 206) {
        reply.discard();
        throw new WeightsError(`${url}: the server sent another range than asked`);
      }
      validator = validatorOf(reply);
      resumed = 0;
      await part.restart({ url, validator, ranges: null });
    }
    await part.checkRoom(total === undefined ? 0 : total - part.size);
    await part.append(reply, total, () => options.onProgress?.({ received: part.size, total, resumed }));
    if (total !== undefined && part.size < total) {
      throw new CutConnection(`${url}: the connection ended after ${part.size} of ${total} bytes`);
    }
  });

  const actual = await part.sha256();
  if (sha256 !== undefined && actual !== sha256) {
    await part.remove();
    throw new WeightsError(
      `${url}: sha-256 must be ${sha256}, is ${actual}; the ${part.size} bytes were removed`,
    );
  }
  return { part, sha256: actual };
}

/** Some bytes of a remote file, and what the server says of the whole. */
export interface RemoteBytes {
  readonly bytes: Uint8Array;
  readonly fileBytes: number;
  readonly validator: string | null;
  readonly statedSha256: string | undefined;
}

/** Fetches one range into memory; undefined where the server sends no ranges. Throws as `download`. */
export async function readRange(
  url: string,
  range: ByteRange,
  options: TransferOptions = {},
): Promise<RemoteBytes | undefined> {
  checkProtocol(url);
  return persist(options, undefined, async () => {
    const reply = await get(url, { range: `bytes=${range.begin}-${range.end - 1}` }, options);
    const fileBytes = totalOf(reply);
    if (reply.status !== 206 || beginOf(reply) !== range.begin || fileBytes === undefined) {
      reply.discard();
      return undefined;
    }
    const bytes = new Uint8Array(Math.min(range.end, fileBytes) - range.begin);
    let size = 0;
    for await (const chunk of reply.chunks()) {
      if (size + chunk.length > bytes.length)
        throw new WeightsError(`${url}: the server sent more than was asked`);
      bytes.set(chunk, size);
      size += chunk.length;
    }
    if (size < bytes.length)
      throw new CutConnection(`${url}: the connection ended after ${size} of ${bytes.length} bytes`);
    return { bytes, fileBytes, validator: validatorOf(reply), statedSha256: reply.statedSha256 };
  });
}

export interface RangesOptions extends TransferOptions {
  readonly url: string;
  readonly to: string;
  readonly ranges: readonly ByteRange[];
  /** As `readRange` found it: all ranges must be of this version of the file. */
  readonly validator: string | null;
}

/**
 * Fetches byte ranges of one file and lays them one after the other in the part file of `to`, for the caller
 * to use up. Throws as `download`, and where the server's file changes meanwhile.
 */
export async function downloadRanges(options: RangesOptions): Promise<PartFile> {
  const { url, to, ranges, validator } = options;
  checkProtocol(url);
  const total = ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const part = new PartFile(to);
  const wanted: PartState = { url, validator, ranges };
  // Without a validator what is here may be of another version of the file.
  const started = await part.resume(
    (state) => validator !== null && JSON.stringify(state) === JSON.stringify(wanted),
  );
  if (!started) await part.restart(wanted);
  const resumed = part.size;

  let start = 0;
  for (const { begin, end } of ranges) {
    const stop = start + end - begin;
    await persist(options, part, async () => {
      if (part.size >= stop) return;
      const from = begin + part.size - start;
      const headers: Record<string, string> = { range: `bytes=${from}-${end - 1}` };
      if (validator) headers['if-range'] = validator;
      const reply = await get(url, headers, options);
      if (reply.status !== 206 || beginOf(reply) !== from) {
        reply.discard();
        throw new WeightsError(
          `${url}: bytes ${from} to ${end} cannot be had: the file there has changed; run it again`,
        );
      }
      await part.checkRoom(total - part.size);
      await part.append(reply, stop, () => options.onProgress?.({ received: part.size, total, resumed }));
      if (part.size < stop) {
        throw new CutConnection(`${url}: the connection ended after ${part.size} of ${total} bytes`);
      }
    });
    start = stop;
  }
  return part;
}

/** Sorted ranges without overlaps; gaps of at most `gap` bytes are fetched along, to save requests. */
export function mergeRanges(ranges: readonly ByteRange[], gap: number): ByteRange[] {
  const merged: ByteRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.begin - b.begin)) {
    const last = merged.at(-1);
    if (last && range.begin <= last.end + gap) {
      merged[merged.length - 1] = { begin: last.begin, end: Math.max(last.end, range.end) };
    } else merged.push(range);
  }
  return merged;
}

/** Calls `attempt` until it does not end in a cut connection, with growing pauses. */
async function persist<T>(
  { retries = 5, backoffMs = 500, signal }: TransferOptions,
  part: PartFile | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  let failures = 0;
  for (;;) {
    const before = part?.size ?? 0;
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof CutConnection)) throw error;
      failures = part && part.size > before ? 1 : failures + 1;
      if (failures > retries) {
        const kept = part?.size ? `; ${part.size} bytes are kept, run it again to go on` : '';
        throw new WeightsError(`${error.message} (gave up after ${failures} attempts${kept})`, {
          cause: error,
        });
      }
      await sleep(Math.min(10_000, backoffMs * 2 ** (failures - 1)), undefined, { signal }).catch(() => {});
      signal?.throwIfAborted();
    }
  }
}

/** The ETag, if a strong one, else the date: what If-Range takes. */
function validatorOf({ headers }: Reply): string | null {
  const etag = headers.get('etag');
  return etag && !etag.startsWith('W/') ? etag : headers.get('last-modified');
}

/** The size of the whole file, of which a reply may carry a part. */
function totalOf({ status, headers }: Reply): number | undefined {
  const text =
    status === 200 ? headers.get('content-length') : /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  return text ? Number(text) : undefined;
}

function beginOf({ headers }: Reply): number | undefined {
  const text = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1];
  return text ? Number(text) : undefined;
}

function checkStated(url: string, reply: Reply, sha256: string): void {
  const stated = reply.statedSha256;
  if (stated && stated !== sha256) {
    reply.discard();
    throw new WeightsError(`${url}: sha-256 must be ${sha256}, the server states ${stated}`);
  }
}
