// From a picture to the vectors of its faces: detect, find landmarks, align, embed.
import { InputError } from '../base/errors.js';
import { fromPlanar, type RgbImage, toPlanar } from '../base/image.js';
import { type Tensor, tensor } from '../base/tensor.js';
import type { Device } from '../gpu/device.js';
import { TensorStore } from '../gpu/store.js';
import type { Tape } from '../graph/tape.js';
import { LANDMARKS_SIDE, landmarks68 } from '../nets/landmarks68.js';
import type { WeightTensor } from '../nets/manifest.js';
import { PinnedWeights } from '../nets/pinned-weights.js';
import { DETECTOR_CELL, decodeFaceBoxes, tinyFaceDetector } from '../nets/tiny-face-detector.js';
import { type Affine, applyAffine } from './affine.js';
import { type Alignment, alignFace } from './align.js';
import type { Box, Detection } from './boxes.js';
import { type DetectOptions, detectFaces } from './detect.js';
import { LANDMARK_COUNT, type Point } from './landmarks.js';
import type { Embedder } from './models.js';
import { partOf } from './part.js';
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

/** How much memory of the GPU a `FacePipeline` takes for a picture. */
export interface PipelineOptions {
  /** Bytes of a picture on the GPU, 16 a pixel, above which only the parts that are sampled go there (64 MiB). */
  readonly largestPicture?: number;
}

/** Records a net on samples [N,3,S,S]. */
type SampleNet = (tape: Tape, x: Tensor) => Tensor;

/** Of PipelineOptions. */
const LARGEST_PICTURE = 64 * 2 ** 20;

/** Faces per run: programs are compiled for these. */
const BATCHES = [1, 4, 16] as const;

/** Owns weights and programs on one device. */
export class FacePipeline {
  private readonly store: TensorStore;
  private readonly stages: Stages;
  private readonly largest: number;
  private readonly weights: Readonly<
    Record<'detector' | 'landmarks' | 'embedder', PinnedWeights | undefined>
  >;

  constructor(
    device: Device,
    private readonly models: PipelineModels,
    { largestPicture = LARGEST_PICTURE }: PipelineOptions = {},
  ) {
    this.store = new TensorStore(device);
    this.largest = Math.min(largestPicture, device.target.maxBindingBytes);
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
    const longest = Math.max(picture.width, picture.height);
    return detectFaces(longest, options, (size, minScore) => this.detectAt(picture, size, minScore));
  }

  private async detectAt(picture: RgbImage, inputSize: number, minScore: number): Promise<Detection[]> {
    const weights = this.need('detector');
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
    return decodeFaceBoxes(output[0]!, inputSize / DETECTOR_CELL, minScore).map((box) => ({
      x: box.x * side,
      y: box.y * side,
      width: box.width * side,
      height: box.height * side,
      score: box.score,
    }));
  }

  /**
   * The 68 landmarks of each box, in pixels of `picture`: found in the box, then once more in the box about those, which
   * the net's crops were like: against an independent landmark net on 51 pictures of LFW, the five points that faces are
   * aligned by are 0.018 eye distances off after the first pass and 0.0145 after the second.
   */
  async landmarks(picture: RgbImage, boxes: readonly Box[]): Promise<Point[][]> {
    const first = await this.landmarksIn(picture, boxes);
    return this.landmarksIn(picture, first.map(boxAbout));
  }

  private async landmarksIn(picture: RgbImage, boxes: readonly Box[]): Promise<Point[][]> {
    const weights = this.need('landmarks');
    const maps = boxes.map((box) => squareMap(box, LANDMARKS_SIDE));
    const outputs = await this.sample('landmarks', picture, maps, LANDMARKS_SIDE, (tape, x) =>
      landmarks68(tape, weights, x),
    );
    return outputs.map((shares, i) =>
      Array.from({ length: LANDMARK_COUNT }, (_, at) =>
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
      const record = (tape: Tape) => {
        const x = tensor('chips', [part.size, 3, size, size], { lifetime: 'pinned' });
        return { inputs: { x }, output: embedder.record(tape, weights, x) };
      };
      const output = await this.stages.run(`${embedder.name} x${part.size}`, record, { x: values });
      results.push(...rows(output, part));
    }
    return results;
  }

  /** Frees the nets' memory on the device. */
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
    net: SampleNet,
  ): Promise<Float32Array[]> {
    const results = new Array<Float32Array>(maps.length);
    const windows = maps.map((map) => windowFor(shrinkage(map)));
    if (16 * picture.width * picture.height > this.largest) {
      for (const [i, map] of maps.entries()) {
        const part = partOf(picture, map, side, windows[i]!);
        [results[i]] = (await this.sampleAt(name, part.picture, [part.map], 1, side, net)) as [Float32Array];
      }
      return results;
    }
    for (const window of new Set(windows)) {
      const members = [...maps.keys()].filter((i) => windows[i] === window);
      const onWindows = members.map((i) => onAveraged(maps[i]!, window));
      const outputs = await this.sampleAt(name, picture, onWindows, window, side, net);
      for (const [at, i] of members.entries()) results[i] = outputs[at]!;
    }
    return results;
  }

  /** Samples of one picture after averaging over `window` pixels; `maps` lead onto what is averaged. */
  private async sampleAt(
    name: string,
    picture: RgbImage,
    maps: readonly Affine[],
    window: number,
    side: number,
    net: SampleNet,
  ): Promise<Float32Array[]> {
    const { width, height } = picture;
    const planar = toPlanar(picture);
    const results: Float32Array[] = [];
    for (const part of batches(maps)) {
      const values = new Float32Array(part.size * 6);
      // Places without a face repeat the last one.
      for (let i = 0; i < part.size; i++) values.set(part.items[Math.min(i, part.items.length - 1)]!, 6 * i);
      const key = `${name} of ${width}x${height}/${window} x${part.size}`;
      const record = (tape: Tape) => {
        const shape = { count: part.size, width, height };
        const samples = recordSamples(tape, shape, side, window);
        return {
          inputs: { picture: samples.picture, maps: samples.maps },
          output: net(tape, samples.chips),
        };
      };
      results.push(...rows(await this.stages.run(key, record, { picture: planar, maps: values }), part));
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

/** Room about landmarks on each side, as a share of their extent. */
const ROOM = 0.1;

/** The box about landmarks with some room; at least one pixel wide. */
function boxAbout(landmarks: readonly Point[]): Box {
  const range = (values: readonly number[]) => {
    const least = Math.min(...values);
    const extent = Math.max(1, Math.max(...values) - least);
    return [least + 0.5 - ROOM * extent, (1 + 2 * ROOM) * extent] as const;
  };
  const [x, width] = range(landmarks.map((point) => point.x));
  const [y, height] = range(landmarks.map((point) => point.y));
  return { x, y, width, height };
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
