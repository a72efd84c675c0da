// The face nets in a browser: files of the package @vladmandic/face-api that the build lays beside the page.
import { DIMENSION, type ModelContract } from '../../src/faces/gallery/types.js';
import { type Embedder, embedderOf } from '../../src/faces/models.js';
import type { NetFile, PipelineModels } from '../../src/faces/pipeline.js';
import { digestParts } from '../../src/nets/digest.js';
import { parseQuantizedManifest, readQuantizedWeights } from '../../src/nets/quantized-weights.js';
import { type FetchProgress, fetchFile, sha256Hex } from '../../src/platform/browser-download.js';
import FILES from './face-files.json' with { type: 'json' };

/** Bytes of a file by its name; what it is checked against comes along. */
export type ReadFile = (
  file: { readonly file: string; readonly sha256: string; readonly bytes: number },
  onProgress?: (progress: FetchProgress) => void,
) => Promise<Uint8Array<ArrayBuffer>>;

/** Nets for a FacePipeline, and the contract that their embeddings are made under: the same as Node's. */
export interface BrowserFaceModels {
  readonly pipeline: Required<PipelineModels> & { readonly embedder: Embedder & { readonly file: NetFile } };
  readonly contract: ModelContract;
}

/** Reads files from `folder`, kept in Cache Storage by their hash. WeightsError where one cannot be had. */
export function fetchedFrom(folder: URL): ReadFile {
  return ({ file, sha256, bytes }, onProgress) =>
    fetchFile({ url: new URL(file, folder), sha256, bytes, onProgress });
}

/** Detector, landmark net and resnet34. `onProgress` is told of the bytes of all files. */
export async function readFaceModels(
  read: ReadFile,
  onProgress: (progress: { readonly received: number; readonly total: number }) => void = () => {},
): Promise<BrowserFaceModels> {
  const { detector, landmarks, embedder } = FILES.nets;
  const all = [detector, landmarks, embedder].flatMap(({ manifest, shard }) => [manifest, shard]);
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0);
  const received = new Map<string, number>();
  const bytesOf: ReadFile = (file) =>
    read(file, (progress) => {
      received.set(file.file, progress.received);
      onProgress({ received: [...received.values()].reduce((a, b) => a + b, 0), total });
    });
  const [first, second, third] = await Promise.all(
    [detector, landmarks, embedder].map(async ({ manifest, shard }): Promise<NetFile> => {
      const [text, bytes] = await Promise.all([bytesOf(manifest), bytesOf(shard)]);
      const parsed = parseQuantizedManifest(new TextDecoder().decode(text), manifest.file);
      return { source: manifest.file, tensors: readQuantizedWeights(parsed, () => bytes, manifest.file) };
    }),
  );
  const net = embedderOf('resnet34');
  const contract: ModelContract = {
    net: net.name,
    weights: await digestOf(third!),
    template: net.template.name,
    dimension: DIMENSION,
  };
  return { pipeline: { detector: first!, landmarks: second!, embedder: { ...net, file: third! } }, contract };
}

async function digestOf({ tensors }: NetFile): Promise<string> {
  // SubtleCrypto takes everything at once.
  return sha256Hex(new Uint8Array(await new Blob([...digestParts(tensors)]).arrayBuffer()));
}
