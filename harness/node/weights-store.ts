// Weights in Facet's own form: tensors named as in the papers, the input convention stated in the file, and
// beside it a record of where it came from and of its hash.
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { WeightsError } from '../../src/base/errors.js';
import { layerOf, matchTensors } from '../../src/nets/load-weights.js';
import { type LoadedWeights, METADATA, type WeightsManifest } from '../../src/nets/manifest.js';
import {
  isFloatDtype,
  parseSafetensors,
  type WritableTensor,
  writeSafetensors,
} from '../../src/nets/safetensors.js';
import { type OverwriteOptions, reasonOf, writeAtomically } from './overwrite.js';
import { exists, type FindOptions, loadFile, readWeights } from './weights.js';

const record = z.strictObject({
  net: z.string(),
  source: z.string(),
  /** The deepest layer in the file. */
  through: z.string(),
  /** Of the file in the store. */
  sha256: z.string(),
  /** Of the whole file that it was cut from, where that was fetched and compared; else null. */
  sourceSha256: z.string().nullable(),
});

/** What is remembered of a file in the store, in `<file>.json`. */
export type StoredRecord = z.infer<typeof record>;

export interface Stored extends StoredRecord {
  readonly path: string;
  readonly bytes: number;
}

export interface ImportOptions extends OverwriteOptions, Pick<FindOptions, 'inputConvention'> {
  readonly manifest: WeightsManifest;
  readonly to: string;
  readonly check?: (loaded: LoadedWeights<WeightsManifest>) => void;
}

/**
 * Checks a weights file of any known naming, or nn4.small2's folder of CSV files, and stores it. `check` may refuse what is
 * loaded. InputError, WeightsError as `findWeights`.
 */
export async function importWeights(path: string, options: ImportOptions): Promise<Stored> {
  const { manifest, to } = options;
  const bytes = await readWeights(path);
  const loaded = loadFile(path, bytes, manifest, options);
  options.check?.(loaded);
  const { convention, tensors } = loaded;
  const { metadata, tensors: stored } = parseSafetensors(bytes, path);
  const names = matchTensors(stored, manifest, path);
  await makeFolder(to);
  const own = new Map<string, WritableTensor>();
  for (const [name, { shape, values }] of tensors) {
    const { dtype } = stored.get(names.found.get(name)!)!;
    own.set(name, { shape, values, dtype: isFloatDtype(dtype) ? dtype : 'F32' });
  }
  // The file's own words on licence and origin stay with it; the manifest's are about another file.
  const content = writeSafetensors(own, {
    ...metadata,
    [METADATA.net]: manifest.net,
    [METADATA.input]: JSON.stringify(convention),
    [METADATA.source]: basename(path),
  });
  const through = layerOf([...tensors.keys()].at(-1)!);
  return store(content, { net: manifest.net, source: path, through, sourceSha256: null }, manifest, options);
}

/** The record beside a stored file; undefined where there is none. Throws WeightsError for a broken one. */
export async function readRecord(path: string): Promise<StoredRecord | undefined> {
  const file = `${path}.json`;
  if (!(await exists(file))) return undefined;
  try {
    return record.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new WeightsError(`${file}: is not a record of stored weights; move it away and run it again`, {
      cause: error,
    });
  }
}

/** Checks every value of a file in Facet's form, then writes it and its record. */
export async function store(
  content: Uint8Array,
  facts: Omit<StoredRecord, 'sha256'>,
  manifest: WeightsManifest,
  { to, force }: { to: string } & OverwriteOptions,
): Promise<Stored> {
  const { sha256 } = loadFile(facts.source, content, manifest);
  // A file of that name which is no record is somebody else's: this throws.
  await readRecord(to);
  await writeAtomically(to, content, { force });
  const written: StoredRecord = { ...facts, sha256 };
  await writeAtomically(`${to}.json`, `${JSON.stringify(written, null, 2)}\n`, { force: true });
  return { ...written, path: to, bytes: content.length };
}

/** Makes the folder of a file to come. WeightsError where it cannot. */
export async function makeFolder(file: string): Promise<void> {
  const path = dirname(file);
  await mkdir(path, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new WeightsError(`${path}: ${reasonOf(error)}`, { cause: error });
  });
}
