// Device, nets and pictures for the sub-commands of `facet face`.
import { createHash } from 'node:crypto';
import { InputError } from '../../src/base/errors.js';
import type { RgbImage } from '../../src/base/image.js';
import { alignFace } from '../../src/faces/align.js';
import { middleBox } from '../../src/faces/boxes.js';
import type { ModelContract } from '../../src/faces/gallery/types.js';
import type { Embedder } from '../../src/faces/models.js';
import { FacePipeline, type PipelineModels } from '../../src/faces/pipeline.js';
import { alignedChip, type FindOptions, type FoundFace, faceChips, findFaces } from '../../src/faces/read.js';
import { Device } from '../../src/gpu/device.js';
import { nodePlatform } from '../../src/platform/node.js';
import { type FaceModels, loadFaceModels } from '../node/faces/models.js';
import type { ListedPicture } from '../node/faces/picture-list.js';
import { rawPicture, readPicture } from '../node/pictures.js';
import { type NetArguments, warn } from './face-options.js';

/** Runs `work` with a pipeline of `models` on a device, and puts both away. */
export async function withPipeline<T>(
  models: PipelineModels,
  work: (pipeline: FacePipeline, device: Device) => Promise<T>,
): Promise<T> {
  const platform = nodePlatform();
  let device: Device | undefined;
  try {
    device = await Device.open(platform);
    const pipeline = new FacePipeline(device, models);
    try {
      return await work(pipeline, device);
    } finally {
      await pipeline.destroy();
    }
  } finally {
    device?.destroy();
    platform.dispose();
  }
}

/** Faces of pictures, as chips of one net, and their embeddings. */
export class FaceSession {
  private constructor(
    readonly device: Device,
    readonly pipeline: FacePipeline,
    readonly embedder: Embedder,
    readonly contract: ModelContract,
    private readonly aligned: boolean,
    private readonly find: FindOptions,
  ) {}

  /** Runs `work` with `models` on a device. */
  static async run<T>(
    models: FaceModels,
    args: Pick<NetArguments, 'aligned'>,
    find: FindOptions,
    work: (session: FaceSession) => Promise<T>,
  ): Promise<T> {
    const { embedder } = models.pipeline;
    return withPipeline(models.pipeline, (pipeline, device) =>
      work(new FaceSession(device, pipeline, embedder, models.contract, args.aligned === true, find)),
    );
  }

  /**
   * The faces of a picture with their chips; `found` is undefined for pictures that are aligned already. InputError where
   * the picture cannot be read or shows no face.
   */
  async chips(path: string, find: Partial<FindOptions> = {}): Promise<PictureFaces> {
    const picture = await readPicture(path);
    if (this.aligned) {
      const chip = alignedChip(picture, this.embedder.template, path);
      return { path, picture, detected: 1, comparable: 1, faces: [{ chip }] };
    }
    const { faces, ...counts } = await findFaces(this.pipeline, picture, { ...this.find, ...find });
    if (faces.length === 0) throw noFace(path, picture);
    const chips = await faceChips(this.pipeline, picture, faces, this.embedder.template);
    return { path, picture, ...counts, faces: faces.map((found, i) => ({ found, chip: chips[i]! })) };
  }

  /** The chip of an aligned face that another template made: its landmarks are looked for about its middle. */
  async chipOfCrop(crop: Uint8Array): Promise<RgbImage> {
    const picture = await readPicture(crop, { where: 'a kept crop:' });
    const [landmarks] = await this.pipeline.landmarks(picture, [middleBox(picture)]);
    const [chip] = await this.pipeline.chips(picture, [alignFace(landmarks!, this.embedder.template)]);
    return chip!;
  }

  /** The embedding of each chip. */
  async embed(chips: readonly RgbImage[]): Promise<Float32Array[]> {
    return this.pipeline.embed(chips);
  }
}

/** A face, cut out as the net wants it. */
export interface ChipFace {
  readonly found?: FoundFace;
  readonly chip: RgbImage;
}

export interface PictureFaces {
  readonly path: string;
  readonly picture: RgbImage;
  /** Faces in the picture, chosen or not. */
  readonly detected: number;
  /** Of these, those of about the size of the largest. */
  readonly comparable: number;
  /** At least one. */
  readonly faces: readonly ChipFace[];
}

/** What becomes of a picture without a face. */
function noFace(path: string, { width, height }: RgbImage): InputError {
  return new InputError(
    `${path}: no face was found in ${width}x${height} px; --min-score 0.3 or --input-size looks closer, --aligned skips the search`,
  );
}

/** The nets that `args` name. */
export async function modelsOf(args: NetArguments): Promise<FaceModels> {
  return loadFaceModels(args);
}

/** The SHA-256 of a chip's pixels at 8 bits, 64 hexadecimal digits: the same crop of the same picture has the same. */
export async function chipHash(chip: RgbImage): Promise<string> {
  const pixels = await rawPicture(chip).raw().toBuffer();
  return createHash('sha256').update(`${chip.width}x${chip.height}\n`).update(pixels).digest('hex');
}

/** What a list of pictures came to: the results, and one line for each picture that had none. */
export interface Outcome<T> {
  readonly results: readonly T[];
  readonly failures: readonly { readonly path: string; readonly message: string }[];
  /** Whether nothing came out, or a picture that was named itself failed. */
  readonly failed: boolean;
}

/** Runs `work` on each picture; one that cannot be used is told and passed over. */
export async function forPictures<T>(
  pictures: readonly ListedPicture[],
  work: (picture: ListedPicture) => Promise<T>,
): Promise<Outcome<T>> {
  const results: T[] = [];
  const failures: { path: string; message: string }[] = [];
  let failed = false;
  for (const picture of pictures) {
    try {
      results.push(await work(picture));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      warn(error.message);
      failures.push({ path: picture.path, message: error.message });
      failed ||= picture.named;
    }
  }
  return { results, failures, failed: failed || results.length === 0 };
}
