// Weights in Node: the manifests of the package, and the search for a net's file: what the user names, then
// $FACET_WEIGHTS, then the cache, then what the package ships.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, WeightsError } from '../../src/base/errors.js';
import { loadWeights, matchTensors } from '../../src/nets/load-weights.js';
import {
  type ConventionName,
  type LoadedWeights,
  parseManifest,
  type StyleManifest,
  type WeightsManifest,
} from '../../src/nets/manifest.js';
import { NN4_CSV_FIRST, nn4CsvFiles, readNn4Csv } from '../../src/nets/nn4-csv.js';
import { parseSafetensors, writeSafetensors } from '../../src/nets/safetensors.js';
import { cacheFolder, packageRoot } from '../../src/platform/node-paths.js';
import { reasonOf } from './overwrite.js';

/** The face net whose weights are a user's own. */
export const NN4_SMALL2 = 'nn4.small2';

/** Where `findWeights` looks before the package and the cache. */
export interface FindOptions {
  /** A file, or a folder that holds `<net>.safetensors` or `<net>-features.safetensors`. */
  readonly weights?: string;
  /** For a file that does not tell which input its values were trained for. */
  readonly inputConvention?: ConventionName;
  /** The deepest layer that is needed, say `conv5_1`. */
  readonly through?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What named `weights`, for messages; `--weights` unless said. */
  readonly option?: string;
}

/** The nets that have a manifest, by name. */
export function listNets(): string[] {
  const files = readdirSync(weightsFolder()).filter((file) => file.endsWith('.json'));
  return files.map((file) => file.slice(0, -'.json'.length)).sort();
}

/** A net's manifest. InputError where there is no such net, or none for `task`. */
export async function loadManifest(net: string): Promise<WeightsManifest>;
export async function loadManifest<T extends WeightsManifest['task']>(
  net: string,
  task: T,
): Promise<Extract<WeightsManifest, { task: T }>>;
export async function loadManifest(net: string, task?: WeightsManifest['task']): Promise<WeightsManifest> {
  const nets = listNets();
  if (!nets.includes(net)) throw new InputError(`there is no net ${net}; the nets are ${nets.join(', ')}`);
  const path = join(weightsFolder(), `${net}.json`);
  const manifest = parseManifest(await readFile(path, 'utf8'), path);
  if (task === undefined || manifest.task === task) return manifest;
  throw new InputError(`${net} is a ${manifest.task} net, a ${task} net is needed`);
}

/** Where `facet weights get` and `import` put a net's file. */
export function cachedPath(net: string, env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(env), 'weights', `${net}.safetensors`);
}

/** The file that the package ships for a net, if any. */
export function embeddedPath(manifest: WeightsManifest): string | undefined {
  return manifest.embedded ? join(weightsFolder(), manifest.embedded.file) : undefined;
}

/**
 * Finds, reads and checks a style net's weights. InputError for an unknown net or a path that cannot be read,
 * WeightsError for a file that does not fit or where none is found (it says what was looked at).
 */
export async function findWeights(net: string, options: FindOptions = {}): Promise<LoadedWeights> {
  const { weights, env = process.env, option = '--weights' } = options;
  const manifest = await loadManifest(net, 'style');
  const load = async (path: string, bytes: Uint8Array) =>
    loadFile(path, bytes, (await ownManifest(path, bytes, net)) ?? manifest, options);

  if (weights !== undefined) {
    const path = await resolvePath(weights, net, option);
    if (!path) throw new InputError(`${option} ${weights}: the folder holds no ${net}.safetensors`);
    return load(path, await readBytes(path));
  }
  const looked: string[] = [];
  if (env.FACET_WEIGHTS) {
    const path = await resolvePath(env.FACET_WEIGHTS, net, 'FACET_WEIGHTS');
    if (path) {
      const bytes = await readBytes(path);
      const misfit = reasonNotToUse(path, bytes, manifest);
      if (!misfit) return load(path, bytes);
      looked.push(`FACET_WEIGHTS (${misfit})`);
    } else looked.push(`FACET_WEIGHTS (no ${net}.safetensors in ${env.FACET_WEIGHTS})`);
  }
  for (const path of [cachedPath(net, env), embeddedPath(manifest)]) {
    if (path === undefined) continue;
    if (await exists(path)) return load(path, await readBytes(path));
    looked.push(path);
  }
  const remedy = manifest.sources.length > 0 ? `facet weights get ${net}, or ` : '';
  throw new WeightsError(
    `${net}: no weights found; try ${remedy}--weights FILE; looked at ${looked.join(', ')}`,
  );
}

/**
 * The manifest beside a file that was trained here, `NAME.json` beside `NAME.safetensors`: its widths may be other than those
 * of the net that the package ships. Undefined where there is none, or one of another file.
 */
async function ownManifest(path: string, bytes: Uint8Array, net: string): Promise<StyleManifest | undefined> {
  const beside = path.replace(/\.safetensors$/, '.json');
  if (beside === path || !(await exists(beside))) return undefined;
  const text = await readFile(beside, 'utf8');
  if (!text.includes(sha256Of(bytes))) return undefined;
  const manifest = parseManifest(text, beside);
  return manifest.task === 'style' && manifest.net === net ? manifest : undefined;
}

/** Reads one given file for a net, as `findWeights` does. */
export function loadFile<M extends WeightsManifest>(
  path: string,
  bytes: Uint8Array,
  manifest: M,
  options: Pick<FindOptions, 'inputConvention' | 'through'> = {},
): LoadedWeights<M> {
  return loadWeights({ ...options, bytes, sha256: sha256Of(bytes), source: path, manifest });
}

/** sha-256, 64 hexadecimal digits. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * A weights file's bytes; out of a folder of nn4.small2's CSV files those of the safetensors file that they make. InputError
 * where it cannot be read, WeightsError for CSV files that are missing or broken.
 */
export async function readWeights(path: string): Promise<Uint8Array> {
  if (!(await exists(join(path, NN4_CSV_FIRST)))) return readBytes(path);
  const texts = new Map<string, string>();
  for (const { file } of nn4CsvFiles()) {
    if (await exists(join(path, file))) texts.set(file, await readFile(join(path, file), 'utf8'));
  }
  return writeSafetensors(readNn4Csv((file) => texts.get(file), path));
}

/** A file's bytes. InputError where it cannot be read. */
export async function readBytes(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${path}: ${reasonOf(error)}`, { cause: error });
  });
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
      throw new InputError(`${path}: ${reasonOf(error)}`, { cause: error });
    },
  );
}

/**
 * The environment holds for every net, a file in it for one alone: another net passes it by. Corrupt files
 * throw all the same.
 */
function reasonNotToUse(path: string, bytes: Uint8Array, manifest: WeightsManifest): string | undefined {
  const { tensors } = parseSafetensors(bytes, path);
  try {
    matchTensors(tensors, manifest, path);
    return undefined;
  } catch (error) {
    if (error instanceof WeightsError) return error.message;
    throw error;
  }
}

/**
 * A file as it is, in a folder the net's file or, of nn4.small2, the folder itself where CSV files are in it; else undefined.
 * `from` says in messages where the path comes from.
 */
export async function resolvePath(path: string, net: string, from: string): Promise<string | undefined> {
  const place = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${from} ${path}: ${reasonOf(error)}`, { cause: error });
  });
  if (!place.isDirectory()) return path;
  for (const name of [`${net}.safetensors`, `${net}-features.safetensors`]) {
    if (await exists(join(path, name))) return join(path, name);
  }
  return net === NN4_SMALL2 && (await exists(join(path, NN4_CSV_FIRST))) ? path : undefined;
}

function weightsFolder(): string {
  return join(packageRoot(import.meta.url), 'weights');
}
