// Boxes that a detector finds: overlap, duplicates, and which faces to go on with.
import { InputError } from '../base/errors.js';

/** An upright rectangle in pixels; the picture covers x from 0 to its width, so (0, 0) is its top left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A box with the detector's belief, 0..1, that it holds a face. */
export interface Detection extends Box {
  readonly score: number;
}

/** Area in pixels; 0 where a side is not positive. */
function boxArea({ width, height }: Box): number {
  return width > 0 && height > 0 ? width * height : 0;
}

/** Area that two boxes share over the area that they cover together, 0..1; 0 when both are empty. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const shared =
    Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)) *
    Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));
  const together = boxArea(a) + boxArea(b) - shared;
  return together > 0 ? shared / together : 0;
}

/**
 * Detections without duplicates, best first: one that overlaps a better one by more than `maxOverlap` (intersection over
 * union) is dropped. Equal scores keep their order, so that the same input always gives the same answer.
 */
export function suppressOverlaps<D extends Detection>(detections: readonly D[], maxOverlap: number): D[] {
  if (!(maxOverlap >= 0 && maxOverlap <= 1)) {
    throw new InputError(`suppressOverlaps: the overlap must lie in 0..1, got ${maxOverlap}`);
  }
  const broken = detections.find(
    ({ x, y, width, height, score }) => ![x, y, width, height, score].every(Number.isFinite),
  );
  if (broken)
    throw new InputError(`suppressOverlaps: every number must be finite: ${JSON.stringify(broken)}`);
  const kept: D[] = [];
  for (const candidate of [...detections].sort((a, b) => b.score - a.score)) {
    if (kept.every((better) => intersectionOverUnion(better, candidate) <= maxOverlap)) kept.push(candidate);
  }
  return kept;
}

/** The part of a box that lies in a picture of `width` x `height`; sides of 0 where none does. */
export function clipBox(box: Box, width: number, height: number): Box {
  const x = Math.min(width, Math.max(0, box.x));
  const y = Math.min(height, Math.max(0, box.y));
  return {
    x,
    y,
    width: Math.max(0, Math.min(width, box.x + box.width) - x),
    height: Math.max(0, Math.min(height, box.y + box.height) - y),
  };
}

/** The middle of a picture of one person, where the face is: three fifths of the shorter side. */
export function middleBox({ width, height }: { readonly width: number; readonly height: number }): Box {
  const side = 0.6 * Math.min(width, height);
  return { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side };
}

/** All values of `FacePolicy`. */
export const FACE_POLICIES = ['largest', 'all', 'centre'] as const;
/** Which faces of a picture count: the largest, all from left to right, or the one nearest to the middle. */
export type FacePolicy = (typeof FACE_POLICIES)[number];

export interface FaceChoice {
  readonly policy: FacePolicy;
  /** Shorter side of a box in pixels, below which a face is passed over. */
  readonly minSize: number;
}

/** The faces to go on with; a tie goes to the better score, then to the first. */
export function chooseFaces<D extends Detection>(
  detections: readonly D[],
  { policy, minSize }: FaceChoice,
  picture: { readonly width: number; readonly height: number },
): D[] {
  const large = detections.filter(({ width, height }) => Math.min(width, height) >= minSize);
  const offset = ({ x, y, width, height }: Box) =>
    Math.hypot(x + width / 2 - picture.width / 2, y + height / 2 - picture.height / 2);
  switch (policy) {
    case 'all':
      return large.sort((a, b) => a.x - b.x || a.y - b.y);
    case 'largest':
      return large.sort((a, b) => boxArea(b) - boxArea(a) || b.score - a.score).slice(0, 1);
    case 'centre':
      return large.sort((a, b) => offset(a) - offset(b) || b.score - a.score).slice(0, 1);
    default:
      throw new InputError(`faces: the policy must be one of ${FACE_POLICIES.join(', ')}, got ${policy}`);
  }
}
