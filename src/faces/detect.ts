// At which sizes a picture is searched for faces. The detector sees a face best where it is about 50 to 300 px wide in its
// input: one that fills the picture is missed in a large input, one of a group is missed in a small one.
import { InputError } from '../base/errors.js';
import { DETECTOR_CELL } from '../nets/tiny-face-detector.js';
import { type Detection, suppressOverlaps } from './boxes.js';

/** All values of `SearchDepth`. */
export const SEARCH_DEPTHS = ['first', 'thorough'] as const;
/** `first`: stop at the first input size at which a face is found. `thorough`: search all sizes, join what they find. */
export type SearchDepth = (typeof SEARCH_DEPTHS)[number];

/** How faces are looked for. */
export interface DetectOptions {
  /** One side only, a multiple of 32, instead of the sizes of `inputSizes`: a larger one finds smaller faces. */
  readonly inputSize?: number;
  /** `first` unless told. */
  readonly search?: SearchDepth;
  /** Least score, 0..1 (0.5). */
  readonly minScore?: number;
  /** Intersection over union above which the weaker of two boxes goes (0.4). */
  readonly overlap?: number;
}

/** Inputs for faces of usual size, the detector's own first, then for those that fill the picture. */
const USUAL = [416, 192, 128, 96] as const;
/**
 * Inputs for pictures of at most `SMALL` px, which are mostly cut to a face. Of 160 crops of 160 px whose face fills two
 * thirds, 128 finds 155, 192 finds 143 and both with 96 find 159; at 160, where a centred face lies in the middle of a
 * cell, only 99 are found, and at 320 half of them.
 */
const USUAL_SMALL = [128, 192, 96] as const;
const SMALL = 208;
/**
 * Sides of the detector's input for a picture whose longer side is `longest` px, in the order in which they are tried.
 * Larger ones, for small faces, come last and as far as the picture has the pixels: they cost most, 832 four times 416.
 */
export function inputSizes(longest: number, search: SearchDepth): number[] {
  if (longest <= SMALL) return [...USUAL_SMALL];
  const larger = search === 'first' ? [608, 832] : [832];
  return [...USUAL, ...larger.filter((size) => size <= 1.5 * longest), ...(longest >= 1824 ? [1216] : [])];
}

/**
 * Faces of a picture, best score first, none overlapping a better one by more than `overlap`. `detectAt` gives the boxes of
 * one input size. InputError for a size or score that cannot be.
 */
export async function detectFaces(
  longest: number,
  options: DetectOptions,
  detectAt: (inputSize: number, minScore: number) => Promise<Detection[]>,
): Promise<Detection[]> {
  const { inputSize, search = 'first', minScore = 0.5, overlap = 0.4 } = options;
  if (inputSize !== undefined) checkInputSize(inputSize);
  if (!(minScore >= 0 && minScore <= 1)) {
    throw new InputError(`the detector's least score must lie in 0..1, got ${minScore}`);
  }
  const found: Detection[] = [];
  for (const size of inputSize === undefined ? inputSizes(longest, search) : [inputSize]) {
    found.push(...(await detectAt(size, minScore)));
    if (found.length > 0 && search === 'first') break;
  }
  return suppressOverlaps(found, overlap);
}

function checkInputSize(size: number): void {
  if (!Number.isInteger(size) || size < DETECTOR_CELL || size % DETECTOR_CELL !== 0 || size > 4096) {
    throw new InputError(
      `the detector's input size must be a multiple of ${DETECTOR_CELL} up to 4096, got ${size}`,
    );
  }
}
