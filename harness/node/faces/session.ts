// Device, nets and pictures for whatever works on faces: the commands and the service.
import { createHash } from 'node:crypto';
import { InputError } from '../../../src/base/errors.js';
import type { RgbImage } from '../../../src/base/image.js';
import { alignFace } from '../../../src/faces/align.js';
import { middleBox } from '../../../src/faces/boxes.js';
import { chipBytes } from '../../../src/faces/chip-bytes.js';
import type { ModelContract } from '../../../src/faces/gallery/types.js';
import type { Embedder } from '../../../src/faces/models.js';
import { FacePipeline, type PipelineModels } from '../../../src/faces/pipeline.js';
import {
  alignedChip,
  type FindOptions,
  type FoundFace,
  faceChips,
  findFaces,
} from '../../../src/faces/read.js';
import { Device } from '../../../src/gpu/device.js';
import { nodePlatform } from '../../../src/platform/node.js';
import { readPicture } from '../pictures.js';
import type { FaceModels } from './models.js';

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
  readonly embedder: Embedder;
  readonly contract: ModelContract;

  /** `pipeline` has the nets of `models`; neither it nor the device is put away by the session. */
  constructor(
    readonly device: Device,
    readonly pipeline: FacePipeline,
    models: FaceModels,
    private readonly find: FindOptions,
    private readonly aligned = false,
  ) {
    this.embedder = models.pipeline.embedder;
    this.contract = models.contract;
  }

  /** Runs `work` with `models` on a device. */
  static async run<T>(
    models: FaceModels,
    args: { readonly aligned?: boolean | undefined },
    find: FindOptions,
    work: (session: FaceSession) => Promise<T>,
  ): Promise<T> {
    return withPipeline(models.pipeline, (pipeline, device) =>
      work(new FaceSession(device, pipeline, models, find, args.aligned === true)),
    );
  }

  /**
   * The faces of a picture file with their chips; `found` is undefined for pictures that are aligned already. InputError
   * where the picture cannot be read or shows no face.
   */
  async chips(path: string, find: Partial<FindOptions> = {}): Promise<PictureFaces> {
    return this.chipsOf(await readPicture(path), path, find);
  }

  /** The same of a picture that is read already; `path` names it in messages. */
  async chipsOf(picture: RgbImage, path: string, find: Partial<FindOptions> = {}): Promise<PictureFaces> {
    const seen = await this.look(picture, path, find);
    if (seen.faces.length === 0) throw noFace(path, picture);
    return seen;
  }

  /** The same where no face is no error. */
  async look(picture: RgbImage, path: string, find: Partial<FindOptions> = {}): Promise<PictureFaces> {
    if (this.aligned) {
      const chip = alignedChip(picture, this.embedder.template, path);
      return { path, picture, detected: 1, comparable: 1, faces: [{ chip }] };
    }
    const { faces, ...counts } = await findFaces(this.pipeline, picture, { ...this.find, ...find });
    if (faces.length === 0) return { path, picture, ...counts, faces: [] };
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

/** The faces of one picture. */
export interface PictureFaces {
  readonly path: string;
  readonly picture: RgbImage;
  /** Faces in the picture, chosen or not. */
  readonly detected: number;
  /** Of these, those of about the size of the largest. */
  readonly comparable: number;
  readonly faces: readonly ChipFace[];
}

/** What becomes of a picture without a face. */
export function noFace(path: string, { width, height }: RgbImage): InputError {
  return new InputError(
    `${path}: no face was found in ${width}x${height} px; --min-score 0.3 or --input-size looks closer, --aligned skips the search`,
  );
}

/** The SHA-256 of a chip's pixels at 8 bits, 64 hexadecimal digits: the same crop of the same picture has the same. */
export function chipHash(chip: RgbImage): string {
  return createHash('sha256').update(chipBytes(chip)).digest('hex');
}
