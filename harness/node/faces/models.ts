// Where the face nets' weights lie in Node: three nets inside the package @vladmandic/face-api, nn4.small2 in a file or
// folder of the user's.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InputError, WeightsError } from '../../../src/base/errors.js';
import { DIMENSION, type ModelContract } from '../../../src/faces/gallery/types.js';
import { type Embedder, embedderOf } from '../../../src/faces/models.js';
import type { NetFile, PipelineModels } from '../../../src/faces/pipeline.js';
import { digestParts } from '../../../src/nets/digest.js';
import type { WeightTensor } from '../../../src/nets/manifest.js';
import { nn4CsvFiles, readNn4Csv } from '../../../src/nets/nn4-csv.js';
import { parseQuantizedManifest, readQuantizedWeights } from '../../../src/nets/quantized-weights.js';
import { parseSafetensors, tensorValues } from '../../../src/nets/safetensors.js';
import { reasonOf } from '../overwrite.js';
import { cachedPath, exists, readBytes } from '../weights.js';

/** What ships inside face-api's package, by the stem of its files. */
type ShippedNet = 'tiny_face_detector' | 'face_landmark_68' | 'face_recognition';

const PACKAGE = '@vladmandic/face-api';

export interface FaceModelOptions {
  /** The embedding net, `resnet34` unless told. */
  readonly net?: string | undefined;
  /** For nn4.small2: a safetensors file, or a folder with one or with the course's CSV files. */
  readonly weights?: string | undefined;
  /** Leaves detector and landmark net out, for faces that are aligned already. */
  readonly aligned?: boolean | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

/** Nets for a FacePipeline, and the contract that their embeddings are made under. */
export interface FaceModels {
  readonly pipeline: PipelineModels & { readonly embedder: Embedder & { readonly file: NetFile } };
  readonly contract: ModelContract;
}

/** The face nets; InputError for an unknown net or a path that cannot be read, WeightsError for weights that are missing or broken. */
export async function loadFaceModels(options: FaceModelOptions = {}): Promise<FaceModels> {
  const { net = 'resnet34', aligned = false, env = process.env } = options;
  const embedder = embedderOf(net);
  if (net !== 'nn4.small2' && options.weights !== undefined) {
    throw new InputError(
      `--weights is for nn4.small2; the weights of ${net} come with the package ${PACKAGE}`,
    );
  }
  const file = net === 'nn4.small2' ? await findNn4(options.weights, env) : shippedNet('face_recognition');
  const contract: ModelContract = {
    net,
    weights: digestOf(file.tensors),
    template: embedder.template.name,
    dimension: DIMENSION,
  };
  const front = aligned ? {} : detectionModels();
  return { pipeline: { ...front, embedder: { ...embedder, file } }, contract };
}

/** Detector and landmark net alone. */
export function detectionModels(): Required<Pick<PipelineModels, 'detector' | 'landmarks'>> {
  return { detector: shippedNet('tiny_face_detector'), landmarks: shippedNet('face_landmark_68') };
}

/** A net out of face-api's package, which is installed beside Facet for its model files only. */
export function shippedNet(name: ShippedNet): NetFile {
  const folder = join(packageFolder(), 'model');
  const source = join(folder, `${name}_model-weights_manifest.json`);
  const read = (path: string) => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new WeightsError(
        `${path}: ${reasonOf(error as NodeJS.ErrnoException)}; install ${PACKAGE} again`,
        { cause: error },
      );
    }
  };
  const manifest = parseQuantizedManifest(read(source).toString('utf8'), source);
  return { source, tensors: readQuantizedWeights(manifest, (file) => read(join(folder, file)), source) };
}

function packageFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`));
  } catch (error) {
    throw new WeightsError(
      `the package ${PACKAGE}, whose files hold the face nets' weights, is not installed; npm install brings it`,
      { cause: error },
    );
  }
}

/** nn4.small2's tensors: from `path`, else from $FACET_WEIGHTS where that has them, else from the cache. */
export async function findNn4(path: string | undefined, env: NodeJS.ProcessEnv): Promise<NetFile> {
  if (path !== undefined) return readNn4(path, '--weights');
  const looked: string[] = [];
  if (env.FACET_WEIGHTS) {
    const inFolder = join(env.FACET_WEIGHTS, 'nn4.small2.safetensors');
    const inFolderCsv = join(env.FACET_WEIGHTS, 'conv1_w.csv');
    if ((await exists(inFolder)) || (await exists(inFolderCsv)))
      return readNn4(env.FACET_WEIGHTS, 'FACET_WEIGHTS');
    looked.push(`FACET_WEIGHTS (no nn4.small2.safetensors and no conv1_w.csv in ${env.FACET_WEIGHTS})`);
  }
  const cached = cachedPath('nn4.small2', env);
  if (await exists(cached)) return readNn4(cached, 'cache');
  looked.push(cached);
  throw new WeightsError(
    `nn4.small2: no weights found; give --weights FILE.safetensors or a folder with conv1_w.csv …; looked at ${looked.join(', ')}`,
  );
}

async function readNn4(path: string, from: string): Promise<NetFile> {
  const place = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${from} ${path}: ${reasonOf(error)}`, { cause: error });
  });
  if (!place.isDirectory()) return { source: path, tensors: safetensorsOf(await readBytes(path), path) };
  const file = join(path, 'nn4.small2.safetensors');
  if (await exists(file)) return { source: file, tensors: safetensorsOf(await readBytes(file), file) };
  if (!(await exists(join(path, 'conv1_w.csv')))) {
    throw new InputError(`${from} ${path}: the folder holds neither nn4.small2.safetensors nor conv1_w.csv`);
  }
  return { source: path, tensors: await csvFolder(path) };
}

function safetensorsOf(bytes: Uint8Array, path: string): Map<string, WeightTensor> {
  const tensors = new Map<string, WeightTensor>();
  const { tensors: all } = parseSafetensors(bytes, path);
  // Files from elsewhere also hold counters of batches and the like.
  for (const { tensor: name } of nn4CsvFiles()) {
    const stored = all.get(name);
    if (!stored) throw new WeightsError(`${path}: tensor ${name} of nn4.small2 is missing`);
    const values = tensorValues(stored, `${path}: tensor ${name}`);
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) {
      throw new WeightsError(
        `${path}: tensor ${name}: every value must be finite, value ${wrong} is ${values[wrong]}`,
      );
    }
    tensors.set(name, { shape: stored.shape, values });
  }
  return tensors;
}

async function csvFolder(folder: string): Promise<Map<string, WeightTensor>> {
  const texts = new Map<string, string>();
  for (const { file } of nn4CsvFiles()) {
    const path = join(folder, file);
    if (await exists(path)) texts.set(file, await readFile(path, 'utf8'));
  }
  return readNn4Csv((file) => texts.get(file), folder);
}

/** SHA-256 over `digestParts`, 64 hexadecimal digits. */
export function digestOf(tensors: ReadonlyMap<string, WeightTensor>): string {
  const hash = createHash('sha256');
  for (const part of digestParts(tensors)) hash.update(part);
  return hash.digest('hex');
}
