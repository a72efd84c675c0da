// From a picture to its faces, measured and embedded: what the commands and a program's own code begin with.
import { InputError } from '../base/errors.js';
import type { RgbImage } from '../base/image.js';
import { alignFace, type FaceTemplate } from './align.js';
import { chooseFaces, type Detection, type FacePolicy } from './boxes.js';
import type { DetectOptions } from './detect.js';
import type { Point } from './landmarks.js';
import type { FacePipeline } from './pipeline.js';
import { assessFace, type FaceQuality } from './quality.js';
import { warpAffine } from './warp.js';

/** Which faces of a picture count. */
export interface FindOptions extends DetectOptions {
  /** Which faces of the picture (`largest`); `all` searches thoroughly unless `search` says otherwise. */
  readonly policy?: FacePolicy;
  /** Shorter side of a box in pixels below which a face is passed over (20). */
  readonly minSize?: number;
}

/** A face in a picture. */
export interface FoundFace {
  readonly box: Detection;
  /** 68 landmarks in pixels of the picture. */
  readonly landmarks: readonly Point[];
  readonly quality: FaceQuality;
}

/** The faces of a picture that were asked for. */
export interface FoundFaces {
  readonly faces: readonly FoundFace[];
  /** How many faces of at least `minSize` were detected, chosen or not. */
  readonly detected: number;
  /** Of these, the ones at least half as large as the largest: where there are several, it is not plain who is meant. */
  readonly comparable: number;
}

/** Smallest face to go on with unless told, in pixels: the nets see 96 and 150. */
export const MIN_FACE = 20;

/** Detects, chooses and measures the faces of a picture; none is no error. A face whose landmarks leave the picture is none. */
export async function findFaces(
  pipeline: FacePipeline,
  picture: RgbImage,
  options: FindOptions = {},
): Promise<FoundFaces> {
  const { policy = 'largest', minSize = MIN_FACE } = options;
  const search = options.search ?? (policy === 'all' ? 'thorough' : 'first');
  const boxes = await pipeline.detect(picture, { ...options, search });
  const large = chooseFaces(boxes, { policy: 'all', minSize }, picture);
  const landmarks = await pipeline.landmarks(picture, large);
  const all = large.flatMap((box, i): FoundFace[] => {
    const quality = measured(picture, landmarks[i]!);
    return quality && quality.eyeDistance >= LEAST_EYES * box.width
      ? [{ box, landmarks: landmarks[i]!, quality }]
      : [];
  });
  const faces = withoutTwins(all);
  const boxesLeft = faces.map(({ box }) => box);
  const chosen = chooseFaces(boxesLeft, { policy, minSize }, picture);
  const sizes = boxesLeft.map(({ width, height }) => Math.min(width, height));
  return {
    faces: chosen.map((box) => faces[boxesLeft.indexOf(box)]!),
    detected: faces.length,
    comparable: sizes.filter((size) => size >= Math.max(...sizes) / 2).length,
  };
}

/**
 * Without the weaker of two finds of one face: boxes that were found at different input sizes may overlap little, but the
 * landmarks in them fall on the same eyes.
 */
function withoutTwins(faces: readonly FoundFace[]): FoundFace[] {
  const kept: FoundFace[] = [];
  for (const face of [...faces].sort((a, b) => b.box.score - a.box.score)) {
    const twin = kept.some((other) => {
      const [a, b] = [middleOf(face.landmarks), middleOf(other.landmarks)];
      const size = Math.max(face.quality.eyeDistance, other.quality.eyeDistance);
      return Math.hypot(a.x - b.x, a.y - b.y) < SAME_PLACE * size;
    });
    if (!twin) kept.push(face);
  }
  return kept;
}

/**
 * Distance of the outer eye corners in shares of the box's width below which the landmarks have collapsed, as they do on
 * what is no face; faces have 0.35 to 0.6, a profile half of it.
 */
const LEAST_EYES = 0.12;

/** Faces whose middles are nearer than this, in eye distances, are one. */
const SAME_PLACE = 0.6;

function middleOf(landmarks: readonly Point[]): Point {
  let [x, y] = [0, 0];
  for (const point of landmarks) {
    x += point.x / landmarks.length;
    y += point.y / landmarks.length;
  }
  return { x, y };
}

/** Undefined where the landmarks are no face within the picture: what was detected was none. */
function measured(picture: RgbImage, landmarks: readonly Point[]): FaceQuality | undefined {
  try {
    return assessFace(picture, landmarks);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The chips of faces, as `template` wants them. */
export async function faceChips(
  pipeline: FacePipeline,
  picture: RgbImage,
  faces: readonly FoundFace[],
  template: FaceTemplate,
): Promise<RgbImage[]> {
  return pipeline.chips(
    picture,
    faces.map(({ landmarks }) => alignFace(landmarks, template)),
  );
}

/** A picture that is an aligned face already, brought to the size of `template`; InputError where it is not square. */
export function alignedChip(picture: RgbImage, template: FaceTemplate, where: string): RgbImage {
  const { width, height } = picture;
  if (width !== height) {
    throw new InputError(`${where}: an aligned face must be square, got ${width}x${height}`);
  }
  if (width === template.size) return picture;
  const scale = width / template.size;
  const centre = 0.5 * scale - 0.5;
  const samples = Math.max(1, Math.ceil(scale - 0.25));
  return warpAffine(picture, [scale, 0, centre, 0, scale, centre], template.size, template.size, samples);
}
