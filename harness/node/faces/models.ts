// Where the face nets' weights lie in Node: three nets inside the package @vladmandic/face-api, nn4.small2 in a file or
// folder of the user's.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InputError, WeightsError } from '../../../src/base/errors.js';
import { DIMENSION, type ModelContract } from '../../../src/faces/gallery/types.js';
import { type Embedder, embedderOf } from '../../../src/faces/models.js';
import type { NetFile, PipelineModels } from '../../../src/faces/pipeline.js';
import { digestParts } from '../../../src/nets/digest.js';
import type { LoadedWeights, WeightsManifest, WeightTensor } from '../../../src/nets/manifest.js';
import { NN4_CSV_FIRST } from '../../../src/nets/nn4-csv.js';
import { parseQuantizedManifest, readQuantizedWeights } from '../../../src/nets/quantized-weights.js';
import { reasonOf } from '../overwrite.js';
import {
  cachedPath,
  exists,
  loadFile,
  loadManifest,
  NN4_SMALL2,
  readWeights,
  resolvePath,
} from '../weights.js';

/** What ships inside face-api's package, by the stem of its files. */
type ShippedNet = 'tiny_face_detector' | 'face_landmark_68' | 'face_recognition';

const PACKAGE = '@vladmandic/face-api';

/** Which face nets `loadFaceModels` loads, and from where. */
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

/**
 * The face nets. Weights other than those that the net's calibration was fitted with have none: its probabilities would be
 * of other distances. InputError for an unknown net or a path that cannot be read, WeightsError for weights that are
 * missing or broken.
 */
export async function loadFaceModels(options: FaceModelOptions = {}): Promise<FaceModels> {
  const { net = 'resnet34', aligned = false, env = process.env } = options;
  const embedder = embedderOf(net);
  if (net !== NN4_SMALL2 && options.weights !== undefined) {
    throw new InputError(
      `--weights is for nn4.small2; the weights of ${net} come with the package ${PACKAGE}`,
    );
  }
  const file = net === NN4_SMALL2 ? await findNn4(options.weights, env) : shippedNet('face_recognition');
  const contract: ModelContract = {
    net,
    weights: digestOf(file.tensors),
    template: embedder.template.name,
    dimension: DIMENSION,
  };
  const front = aligned ? {} : detectionModels();
  const { calibration, ...rest } = embedder;
  const fitted = calibration && contract.weights === embedder.measured ? { calibration } : {};
  return { pipeline: { ...front, embedder: { ...rest, ...fitted, file } }, contract };
}

/** Detector and landmark net alone. */
export function detectionModels(): Required<Pick<PipelineModels, 'detector' | 'landmarks'>> {
  return { detector: shippedNet('tiny_face_detector'), landmarks: shippedNet('face_landmark_68') };
}

/** A net out of face-api's package, which is installed beside Facet for its model files only. */
function shippedNet(name: ShippedNet): NetFile {
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
  const manifest = await loadManifest(NN4_SMALL2, 'face');
  const read = async (source: string): Promise<NetFile> => {
    const { tensors } = loadFile(source, await readWeights(source), manifest);
    return { source, tensors };
  };
  if (path !== undefined) {
    const found = await resolvePath(path, NN4_SMALL2, '--weights');
    if (found !== undefined) return read(found);
    throw new InputError(
      `--weights ${path}: the folder holds neither nn4.small2.safetensors nor ${NN4_CSV_FIRST}`,
    );
  }
  const looked: string[] = [];
  if (env.FACET_WEIGHTS) {
    const found = await findInEnvironment(env.FACET_WEIGHTS);
    if (found !== undefined) return read(found);
    looked.push(`FACET_WEIGHTS (no nn4.small2.safetensors and no ${NN4_CSV_FIRST} in ${env.FACET_WEIGHTS})`);
  }
  const cached = cachedPath(NN4_SMALL2, env);
  if (await exists(cached)) return read(cached);
  looked.push(cached);
  throw new WeightsError(
    `nn4.small2: no weights found; give --weights FILE.safetensors or a folder with ${NN4_CSV_FIRST} …; looked at ${looked.join(', ')}`,
  );
}

/** $FACET_WEIGHTS may be a file of another net, which is passed by. */
async function findInEnvironment(path: string): Promise<string | undefined> {
  const found = await resolvePath(path, NN4_SMALL2, 'FACET_WEIGHTS');
  return found === path && !(await exists(join(path, NN4_CSV_FIRST))) ? undefined : found;
}

/** WeightsError where a face net cannot be made of these weights, by what its layers need beyond names and shapes. */
export function checkFaceNet({ manifest, tensors, source }: LoadedWeights<WeightsManifest>): void {
  if (manifest.task === 'face') embedderOf(manifest.net).prepare(tensors, source);
}

/** SHA-256 over `digestParts`, 64 hexadecimal digits. */
export function digestOf(tensors: ReadonlyMap<string, WeightTensor>): string {
  const hash = createHash('sha256');
  for (const part of digestParts(tensors)) hash.update(part);
  return hash.digest('hex');
}
