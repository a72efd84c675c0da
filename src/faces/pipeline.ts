// From a picture to the vectors of its faces: detect, find landmarks, align, embed.
import { InputError } from '../base/errors.js';
import { fromPlanar, type RgbImage, toPlanar } from '../base/image.js';
import { tensor } from '../base/tensor.js';
import type { Device } from '../gpu/device.js';
import { TensorStore } from '../gpu/store.js';
import { LANDMARKS_SIDE, landmarks68 } from '../nets/landmarks68.js';
import type { WeightTensor } from '../nets/manifest.js';
import { PinnedWeights } from '../nets/pinned-weights.js';
import { DETECTOR_CELL, decodeFaceBoxes, tinyFaceDetector } from '../nets/tiny-face-detector.js';
import { type Affine, applyAffine } from './affine.js';
import { type Alignment, alignFace } from './align.js';
import { type Box, type Detection, suppressOverlaps } from './boxes.js';
import type { Point } from './landmarks.js';
import type { Embedder } from './models.js';
import { onAveraged, recordSamples, shrinkage, windowFor } from './sampling.js';
import { Stages } from './stage.js';

/** A net's tensors and where they came from, for messages. */
export interface NetFile {
  readonly source: string;
  readonly tensors: ReadonlyMap<string, WeightTensor>;
}

/** What a pipeline is made of; a part that is not given cannot be asked for. */
export interface PipelineModels {
  readonly detector?: NetFile;
  readonly landmarks?: NetFile;
  readonly embedder?: Embedder & { readonly file: NetFile };
}

export interface DetectOptions {
  /** Side that the picture is brought to, a multiple of 32 (416): larger finds smaller faces, in more time. */
  readonly inputSize?: number;
  /** Least score, 0..1 (0.5). */
  readonly minScore?: number;
  /** Intersection over union above which the weaker of two boxes goes (0.4). */
  readonly overlap?: number;
}

/** Faces per run: programs are compiled for these. */
const BATCHES = [1, 4, 16] as const;

/** Owns weights and programs on one device. */
export class FacePipeline {
  private readonly store: TensorStore;
  private readonly stages: Stages;
  private readonly weights: Readonly<
    Record<'detector' | 'landmarks' | 'embedder', PinnedWeights | undefined>
  >;

  constructor(
    device: Device,
    private readonly models: PipelineModels,
  ) {
    this.store = new TensorStore(device);
    this.stages = new Stages(this.store);
    const pinned = (file: NetFile | undefined) =>
      file && new PinnedWeights(this.store, file.tensors, file.source);
    const { detector, landmarks, embedder } = models;
    this.weights = {
      detector: pinned(detector),
      landmarks: pinned(landmarks),
      embedder:
        embedder &&
        pinned({
          source: embedder.file.source,
          tensors: embedder.prepare(embedder.file.tensors, embedder.file.source),
        }),
    };
  }

  /** Boxes of faces in pixels of `picture`, best score first; none overlaps a better one by more than `overlap`. */
  async detect(picture: RgbImage, options: DetectOptions = {}): Promise<Detection[]> {
    const weights = this.need('detector');
    const { inputSize = 416, minScore = 0.5, overlap = 0.4 } = options;
    if (!Number.isInteger(inputSize) || inputSize < DETECTOR_CELL || inputSize % DETECTOR_CELL !== 0) {
      throw new InputError(
        `the detector's input size must be a multiple of ${DETECTOR_CELL}, got ${inputSize}`,
      );
    }
    // The longer side fills the input, what is left below or beside the picture is black.
    const scale = Math.max(picture.width, picture.height) / inputSize;
    const centre = 0.5 * scale - 0.5;
    const output = await this.sample(
      `detector ${inputSize}`,
      picture,
      [[scale, 0, centre, 0, scale, centre]],
      inputSize,
      (tape, x) => tinyFaceDetector(tape, weights, x),
    );
    const side = inputSize * scale;
    const found = decodeFaceBoxes(output[0]!, inputSize / DETECTOR_CELL, minScore).map((box) => ({
      x: box.x * side,
      y: box.y * side,
      width: box.width * side,
      height: box.height * side,
      score: box.score,
    }));
    return suppressOverlaps(found, overlap);
  }

  /** The 68 landmarks of each box, in pixels of `picture`. */
  async landmarks(picture: RgbImage, boxes: readonly Box[]): Promise<Point[][]> {
    const weights = this.need('landmarks');
    const maps = boxes.map((box) => squareMap(box, LANDMARKS_SIDE));
    const outputs = await this.sample('landmarks', picture, maps, LANDMARKS_SIDE, (tape, x) =>
      landmarks68(tape, weights, x),
    );
    return outputs.map((shares, i) =>
      Array.from({ length: 68 }, (_, at) =>
        // The net's places are shares of the crop's extent, from edge to edge.
        applyAffine(maps[i]!, {
          x: shares[2 * at]! * LANDMARKS_SIDE - 0.5,
          y: shares[2 * at + 1]! * LANDMARKS_SIDE - 0.5,
        }),
      ),
    );
  }

  /** The maps from each face's landmarks onto the embedder's template. */
  align(landmarks: readonly (readonly Point[])[]): Alignment[] {
    const { embedder } = this.models;
    if (!embedder) throw new InputError('this pipeline was made without an embedder');
    return landmarks.map((points) => alignFace(points, embedder.template));
  }

  /** The aligned faces as pictures. */
  async chips(picture: RgbImage, alignments: readonly Alignment[]): Promise<RgbImage[]> {
    if (alignments.length === 0) return [];
    const { size } = alignments[0]!.template;
    const maps = alignments.map(({ toPicture }) => toPicture);
    const outputs = await this.sample(`chips ${size}`, picture, maps, size, (_tape, x) => x);
    return outputs.map((planar) => fromPlanar(planar, size, size));
  }

  /** The vector of each chip, 128 numbers of length 1. */
  async embed(chips: readonly RgbImage[]): Promise<Float32Array[]> {
    const weights = this.need('embedder');
    const embedder = this.models.embedder!;
    const { size } = embedder.template;
    const wrong = chips.find(({ width, height }) => width !== size || height !== size);
    if (wrong) {
      throw new InputError(
        `${embedder.name} takes chips of ${size}x${size}, got ${wrong.width}x${wrong.height}`,
      );
    }
    const results: Float32Array[] = [];
    for (const part of batches(chips)) {
      const values = new Float32Array(part.size * 3 * size * size);
      for (const [i, chip] of part.items.entries()) values.set(toPlanar(chip), i * 3 * size * size);
      const record = (tape: Parameters<Embedder['record']>[0]) => {
        const x = tensor('chips', [part.size, 3, size, size], { lifetime: 'pinned' });
        return { inputs: { x }, output: embedder.record(tape, weights, x) };
      };
      const output = await this.stages.run(`${embedder.name} x${part.size}`, record, { x: values });
      results.push(...rows(output, part));
    }
    return results;
  }

  async destroy(): Promise<void> {
    await this.stages.destroy();
    for (const weights of Object.values(this.weights)) weights?.destroy();
    this.store.destroy();
  }

  /** Runs a net on square samples of a picture, one for each map (sample to picture). */
  private async sample(
    name: string,
    picture: RgbImage,
    maps: readonly Affine[],
    side: number,
    net: (tape: Parameters<Embedder['record']>[0], x: ReturnType<typeof tensor>) => ReturnType<typeof tensor>,
  ): Promise<Float32Array[]> {
    const { width, height } = picture;
    const planar = toPlanar(picture);
    const results = new Array<Float32Array>(maps.length);
    const windows = maps.map((map) => windowFor(shrinkage(map)));
    for (const window of new Set(windows)) {
      const members = [...maps.keys()].filter((i) => windows[i] === window);
      for (const part of batches(members)) {
        const values = new Float32Array(part.size * 6);
        for (let i = 0; i < part.size; i++) {
          // Places without a face repeat the last one.
          const member = part.items[Math.min(i, part.items.length - 1)]!;
          values.set(onAveraged(maps[member]!, window), 6 * i);
        }
        const key = `${name} of ${width}x${height}/${window} x${part.size}`;
        const record = (tape: Parameters<Embedder['record']>[0]) => {
          const {
            picture: source,
            maps: matrix,
            chips,
          } = recordSamples(tape, { count: part.size, width, height }, side, window);
          return { inputs: { picture: source, maps: matrix }, output: net(tape, chips) };
        };
        const output = await this.stages.run(key, record, { picture: planar, maps: values });
        for (const [i, row] of rows(output, part).entries()) results[part.items[i]!] = row;
      }
    }
    return results;
  }

  private need(part: 'detector' | 'landmarks' | 'embedder'): PinnedWeights {
    const weights = this.weights[part];
    if (!weights)
      throw new InputError(`this pipeline was made without ${part === 'embedder' ? 'an' : 'a'} ${part} net`);
    return weights;
  }
}

/** Items in groups, each with the size of the program that takes it. */
function batches<T>(items: readonly T[]): { items: readonly T[]; size: number }[] {
  const most = BATCHES.at(-1)!;
  const groups: { items: readonly T[]; size: number }[] = [];
  for (let first = 0; first < items.length; first += most) {
    const part = items.slice(first, first + most);
    groups.push({ items: part, size: BATCHES.find((size) => size >= part.length)! });
  }
  return groups;
}

/** The rows of a batch's output that belong to items. */
function rows(output: Float32Array, part: { items: readonly unknown[]; size: number }): Float32Array[] {
  const length = output.length / part.size;
  return part.items.map((_, i) => output.slice(i * length, (i + 1) * length));
}

/** Crop to picture, for the square around a box that is as long as its longer side. */
function squareMap(box: Box, side: number): Affine {
  const extent = Math.max(box.width, box.height);
  const scale = extent / side;
  const left = box.x + (box.width - extent) / 2;
  const top = box.y + (box.height - extent) / 2;
  const centre = 0.5 * scale - 0.5;
  return [scale, 0, left + centre, 0, scale, top + centre];
}
