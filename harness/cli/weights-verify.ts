// `facet weights verify`: names, shapes, values and hash of stored weights.
import { FacetError, InputError, WeightsError } from '../../src/base/errors.js';
import { layerOf, matchTensors } from '../../src/nets/load-weights.js';
import {
  type ConventionName,
  describeConvention,
  type LoadedWeights,
  METADATA,
  type WeightsManifest,
} from '../../src/nets/manifest.js';
import { parseSafetensors } from '../../src/nets/safetensors.js';
import { checkFaceNet } from '../node/faces/models.js';
import {
  cachedPath,
  embeddedPath,
  exists,
  listNets,
  loadFile,
  loadManifest,
  readWeights,
} from '../node/weights.js';
import { whereElse } from '../node/weights-fetch.js';
import { readRecord } from '../node/weights-store.js';

/** One file, as `verify` shows it. */
interface VerifiedFile {
  path: string;
  net: string;
  ok: boolean;
  through: string | null;
  input: string | null;
  sha256: string | null;
  /** What the hash was compared with. */
  against: 'manifest' | 'record' | 'nothing';
  error: string | null;
}

/** Checks a net's files, one file, or all that is there; prints a line for each. WeightsError if one is wrong. */
export async function verifyWeights(
  target: string | undefined,
  options: { net?: string; inputConvention?: ConventionName; json?: boolean },
): Promise<void> {
  const files = await filesToVerify(target, options.net);
  const results: VerifiedFile[] = [];
  for (const { net, path } of files) results.push(await verifyFile(path, await loadManifest(net), options));
  if (options.json) print(JSON.stringify(results, null, 2));
  // A single file's error is the message itself.
  else if (results.length > 1 || results[0]!.ok) {
    for (const { ok, path, net, through, input, sha256, against, error } of results) {
      if (!ok) print(`WRONG  ${error}`);
      else
        print(
          `ok     ${path}: ${net} through ${through}; input ${input}; sha-256 ${sha256} (compared with ${against})`,
        );
    }
  }
  const wrong = results.filter(({ ok }) => !ok);
  if (wrong.length > 0) {
    const which = results.length > 1 ? `${wrong.length} of ${results.length} files failed: ` : '';
    throw new WeightsError(`${which}${wrong[0]!.error}`);
  }
}

async function filesToVerify(
  target: string | undefined,
  net: string | undefined,
): Promise<{ net: string; path: string }[]> {
  if (target !== undefined && !listNets().includes(target)) {
    if (!(await exists(target))) {
      throw new InputError(`${target}: neither a net (${listNets().join(', ')}) nor a file`);
    }
    return [{ net: net ?? (await guessNet(target)), path: target }];
  }
  const files: { net: string; path: string }[] = [];
  for (const name of target === undefined ? listNets() : [target]) {
    for (const path of [cachedPath(name), embeddedPath(await loadManifest(name))]) {
      if (path !== undefined && (await exists(path))) files.push({ net: name, path });
    }
  }
  if (files.length === 0) throw new WeightsError(`${target}: no weights here; ${await remedyFor(target!)}`);
  return files;
}

async function remedyFor(net: string): Promise<string> {
  const manifest = await loadManifest(net);
  return manifest.sources.length > 0 ? `try facet weights get ${net}` : whereElse(manifest);
}

/** The net that a file names in its metadata, else the first whose names and shapes it fits. */
async function guessNet(path: string): Promise<string> {
  const { metadata, tensors } = parseSafetensors(await readWeights(path), path);
  const named = metadata[METADATA.net];
  if (named !== undefined && listNets().includes(named)) return named;
  for (const net of listNets()) {
    try {
      matchTensors(tensors, await loadManifest(net), path);
      return net;
    } catch (error) {
      if (!(error instanceof WeightsError)) throw error;
    }
  }
  throw new WeightsError(
    `${path}: fits none of ${listNets().join(', ')}; with --net NET the first mismatch is told`,
  );
}

async function verifyFile(
  path: string,
  manifest: WeightsManifest,
  options: { inputConvention?: ConventionName },
): Promise<VerifiedFile> {
  const result: VerifiedFile = {
    path,
    net: manifest.net,
    ok: false,
    through: null,
    input: null,
    sha256: null,
    against: 'nothing',
    error: null,
  };
  try {
    const loaded = loadFile(path, await readWeights(path), manifest, options);
    checkFaceNet(loaded);
    const expected = await expectedHash(path, manifest, loaded);
    const { sha256 } = loaded;
    Object.assign(result, { sha256, against: expected.from, through: deepest(loaded) });
    result.input = describeConvention(loaded.convention);
    if (expected.sha256 !== undefined && expected.sha256 !== sha256) {
      throw new WeightsError(
        `${path}: sha-256 must be ${expected.sha256} as in the ${expected.from}, is ${sha256}`,
      );
    }
    return { ...result, ok: true };
  } catch (error) {
    if (!(error instanceof FacetError)) throw error;
    return { ...result, error: error.message };
  }
}

async function expectedHash(
  path: string,
  manifest: WeightsManifest,
  { sha256 }: LoadedWeights<WeightsManifest>,
): Promise<{ sha256: string | undefined; from: VerifiedFile['against'] }> {
  if (path === embeddedPath(manifest)) return { sha256: manifest.embedded!.sha256, from: 'manifest' };
  const record = await readRecord(path);
  if (record) return { sha256: record.sha256, from: 'record' };
  // A publisher's own file, wherever it lies, is known by its hash.
  const known = [manifest.embedded, ...manifest.sources].some((source) => source?.sha256 === sha256);
  return known ? { sha256, from: 'manifest' } : { sha256: undefined, from: 'nothing' };
}

function deepest({ tensors }: LoadedWeights<WeightsManifest>): string {
  return layerOf([...tensors.keys()].at(-1)!);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
