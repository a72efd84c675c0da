// Weights from the network: of a large file only the tensors that are needed travel, where the server sends
// byte ranges.
import { type FileHandle, open } from 'node:fs/promises';
import { FacetError, WeightsError } from '../../src/base/errors.js';
import { matchTensors, namesThrough } from '../../src/nets/load-weights.js';
import { METADATA, type WeightsManifest } from '../../src/nets/manifest.js';
import {
  headerBytes,
  isFloatDtype,
  parseHeader,
  type SafetensorsHeader,
  type TensorEntry,
  tensorValues,
  type WritableTensor,
  writeSafetensors,
} from '../../src/nets/safetensors.js';
import {
  downloadPart,
  downloadRanges,
  mergeRanges,
  readRange,
  type TransferOptions,
} from '../../src/platform/node-download.js';
import type { ByteRange } from '../../src/platform/node-part-file.js';
import { checkWritable, type OverwriteOptions } from './overwrite.js';
import { sha256Of } from './weights.js';
import { makeFolder, readRecord, type Stored, store } from './weights-store.js';

export interface Fetched extends Stored {
  /** Bytes that a complete transfer takes: the header and the tensors, or the whole file. */
  readonly fetched: number;
  /** Whether the server sent ranges and these were used. */
  readonly ranged: boolean;
  /** Whether there was no earlier hash, the publisher's or an own one, to compare the content with. */
  readonly firstUse: boolean;
}

export interface FetchOptions extends TransferOptions, OverwriteOptions {
  readonly manifest: WeightsManifest;
  /** The deepest layer to fetch. */
  readonly through: string;
  /** The file to write. */
  readonly to: string;
  /** Fetch the whole file, so that its hash can be compared with the publisher's. */
  readonly whole?: boolean;
}

type Source = WeightsManifest['sources'][number];

/** First read of a remote file: more than most headers take. */
const FIRST_READ = 65_536;
/** Tensors this close together are fetched with one request. */
const MERGE_GAP = 65_536;

/**
 * Fetches a net's weights through a layer and stores them. A server that sends byte ranges is asked for the
 * header and the tensors needed alone, any other for the whole file. Throws WeightsError as `download` does,
 * and where the content is another than what was stored before from the same place.
 */
export async function fetchWeights(options: FetchOptions): Promise<Fetched> {
  const { manifest, to } = options;
  if (manifest.sources.length === 0) {
    throw new WeightsError(`${manifest.net}: there is nothing to fetch, ${whereElse(manifest)}`);
  }
  // Before the travel, not after.
  namesThrough(manifest, options.through);
  await makeFolder(to);
  await checkWritable(to, options);
  const failures: FacetError[] = [];
  for (const source of manifest.sources) {
    try {
      return await fetchFrom(source, options);
    } catch (error) {
      if (!(error instanceof FacetError)) throw error;
      failures.push(error);
    }
  }
  throw failures[0]!;
}

/** How a net without sources has its weights. */
export function whereElse({ net, embedded }: WeightsManifest): string {
  return embedded
    ? 'its weights come with the package'
    : `import a file: facet weights import FILE --net ${net}`;
}

async function fetchFrom(source: Source, options: FetchOptions): Promise<Fetched> {
  const { manifest, through, to } = options;
  const { url } = source;
  const remote = options.whole ? undefined : await readRemoteHeader(source, options);
  const got = remote ? await fetchRanges(remote, url, options) : await fetchWhole(source, options);
  const content = writeSafetensors(got.tensors, {
    [METADATA.net]: manifest.net,
    [METADATA.input]: JSON.stringify(manifest.input),
    [METADATA.source]: url,
    licence: manifest.licence,
    attribution: manifest.attribution,
  });
  const sourceSha256 = remote ? null : source.sha256;
  const firstUse = !(await checkRecord(content, url, through, to)) && sourceSha256 === null;
  const stored = await store(
    content,
    { net: manifest.net, source: url, through, sourceSha256 },
    manifest,
    options,
  );
  await got.remove();
  return { ...stored, fetched: got.fetched, ranged: remote !== undefined, firstUse };
}

/** What a transfer brought; `remove` deletes the file that it lies in. */
interface Transferred {
  readonly tensors: Map<string, WritableTensor>;
  readonly fetched: number;
  remove(): Promise<void>;
}

async function fetchRanges(remote: RemoteHeader, url: string, options: FetchOptions): Promise<Transferred> {
  const { header, validator } = remote;
  const entries = select(header, options, url);
  const place = ({ begin, end }: ByteRange) => ({
    begin: header.dataStart + begin,
    end: header.dataStart + end,
  });
  const ranges = mergeRanges([...entries.values()].map(place), MERGE_GAP);
  const part = await downloadRanges({ ...options, url, ranges, validator });
  const tensors = await readTensors(
    part.path,
    entries,
    (begin) => positionIn(ranges, header.dataStart + begin),
    url,
  );
  return { tensors, fetched: remote.fetched + part.size, remove: () => part.remove() };
}

async function fetchWhole(source: Source, options: FetchOptions): Promise<Transferred> {
  const { url, sha256 } = source;
  const { part } = await downloadPart({ ...options, url, sha256: sha256 ?? undefined });
  const header = await readLocalHeader(part.path, part.size, url);
  const entries = select(header, options, url);
  const tensors = await readTensors(part.path, entries, (begin) => header.dataStart + begin, url);
  return { tensors, fetched: part.size, remove: () => part.remove() };
}

/** Whether this content was stored from this place before; throws WeightsError where it was another one. */
async function checkRecord(content: Uint8Array, url: string, through: string, to: string): Promise<boolean> {
  const before = await readRecord(to);
  if (before?.source !== url || before.through !== through) return false;
  const sha256 = sha256Of(content);
  if (before.sha256 === sha256) return true;
  throw new WeightsError(
    `${url}: sha-256 was ${before.sha256} when first fetched, is ${sha256} now; ` +
      `if that is as it should be, remove ${to}.json and run it again`,
  );
}

/** The header of a file on a server that sends ranges. */
interface RemoteHeader {
  readonly header: SafetensorsHeader;
  readonly validator: string | null;
  readonly fetched: number;
}

/** Undefined where the server sends no ranges. */
async function readRemoteHeader(source: Source, options: TransferOptions): Promise<RemoteHeader | undefined> {
  const { url, sha256 } = source;
  const quiet: TransferOptions = { ...options, onProgress: undefined };
  let head = await readRange(url, { begin: 0, end: FIRST_READ }, quiet);
  if (!head) return undefined;
  if (sha256 && head.statedSha256 && head.statedSha256 !== sha256) {
    throw new WeightsError(`${url}: sha-256 must be ${sha256}, the server states ${head.statedSha256}`);
  }
  let fetched = head.bytes.length;
  const needed = headerBytes(head.bytes, url);
  if (needed > head.bytes.length) {
    head = await readRange(url, { begin: 0, end: needed }, quiet);
    if (!head) throw new WeightsError(`${url}: the server stopped sending ranges; run it again`);
    fetched += head.bytes.length;
  }
  const header = parseHeader(head.bytes, url, head.fileBytes);
  return { header, validator: head.validator, fetched };
}

async function readLocalHeader(path: string, fileBytes: number, url: string): Promise<SafetensorsHeader> {
  const file = await open(path, 'r');
  try {
    const length = headerBytes(await readAt(file, 0, Math.min(8, fileBytes)), url);
    return parseHeader(await readAt(file, 0, Math.min(length, fileBytes)), url, fileBytes);
  } finally {
    await file.close();
  }
}

/** Paper name -> entry of each tensor through a layer. WeightsError where the file lacks one or a shape differs. */
function select(
  header: SafetensorsHeader,
  { manifest, through }: FetchOptions,
  url: string,
): Map<string, TensorEntry> {
  const { found } = matchTensors(header.entries, manifest, url);
  return new Map(
    namesThrough(manifest, through).map((name) => {
      const fileName = found.get(name);
      if (fileName === undefined)
        throw new WeightsError(`${url}: tensor ${name} of ${manifest.net} is missing`);
      return [name, header.entries.get(fileName)!];
    }),
  );
}

/** Reads tensors out of a local file; `position` maps offsets in the data section to places in it. */
async function readTensors(
  path: string,
  entries: ReadonlyMap<string, TensorEntry>,
  position: (begin: number) => number,
  url: string,
): Promise<Map<string, WritableTensor>> {
  const tensors = new Map<string, WritableTensor>();
  const file = await open(path, 'r');
  try {
    for (const [name, { dtype, shape, begin, end }] of entries) {
      const bytes = await readAt(file, position(begin), end - begin);
      const values = tensorValues({ dtype, shape, bytes }, `${url}: tensor ${name}`);
      tensors.set(name, { shape, values, dtype: isFloatDtype(dtype) ? dtype : 'F32' });
    }
  } finally {
    await file.close();
  }
  return tensors;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  if (bytesRead < length)
    throw new WeightsError(`${length} bytes at ${position} of a fetched file, only ${bytesRead} there`);
  return bytes;
}

/** Where an absolute offset of the remote file lies in the ranges written one after the other. */
function positionIn(ranges: readonly ByteRange[], offset: number): number {
  let start = 0;
  for (const { begin, end } of ranges) {
    if (offset >= begin && offset < end) return start + offset - begin;
    start += end - begin;
  }
  throw new RangeError(`byte ${offset} was not fetched`);
}
