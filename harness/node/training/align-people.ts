// From a folder of people to crops in a cache: what is there already is not made again.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../../src/base/errors.js';
import { type RgbImage, rgbImage } from '../../../src/base/image.js';
import { alignFace, type FaceTemplate } from '../../../src/faces/align.js';
import type { Point } from '../../../src/faces/landmarks.js';
import type { FacePipeline } from '../../../src/faces/pipeline.js';
import { alignedChip, findFaces } from '../../../src/faces/read.js';
import { reasonOf } from '../overwrite.js';
import { rawPicture, readPicture } from '../pictures.js';
import type { CropCache, CropEntry, FileState, NewCrop } from './crop-cache.js';
import type { PeopleListing, Skipped } from './people.js';

/** An aligned face in the cache. */
export interface Crop {
  /** Relative to the folder of people. */
  readonly path: string;
  readonly record: number;
  /** Of the file, hexadecimal. */
  readonly sha256: string;
}

export interface PersonCrops {
  readonly name: string;
  readonly crops: readonly Crop[];
}

export interface Aligned {
  /** Each with at least one crop, in the order of the listing. */
  readonly people: readonly PersonCrops[];
  readonly crops: number;
  readonly skipped: readonly Skipped[];
  /** Pictures that were looked at now, not taken from the cache. */
  readonly made: number;
}

/** A face cut out of a picture. */
export interface FaceCrop {
  readonly chip: RgbImage;
  readonly landmarks: readonly Point[] | undefined;
}

/** Makes the crop of a picture; InputError where it shows no face. */
export type CropFace = (picture: RgbImage) => Promise<FaceCrop>;

export interface AlignProgress {
  readonly done: number;
  readonly total: number;
  readonly skipped: number;
}

/** Crops that are written together. */
const BATCH = 64;
/** Pictures that are decoded while others are searched. */
const AHEAD = 4;
/** The detector's least score where its usual one finds nothing: below, what it finds is often no face. */
const LOW_SCORE = 0.25;

/** The face in the middle of a picture, cut out by `template`. */
export function cropDetected(pipeline: FacePipeline, template: FaceTemplate): CropFace {
  return async (picture) => {
    const { faces } = await findFaces(pipeline, picture, { policy: 'centre' });
    const [face] =
      faces.length > 0
        ? faces
        : (await findFaces(pipeline, picture, { policy: 'centre', minScore: LOW_SCORE })).faces;
    if (!face) throw new InputError(`no face was found in ${picture.width}x${picture.height} px`);
    const [chip] = await pipeline.chips(picture, [alignFace(face.landmarks, template)]);
    return { chip: chip!, landmarks: face.landmarks };
  };
}

/**
 * A picture that is an aligned face already: with the room of `template`, or of `inner` px a side, without room, whose edge
 * is then repeated.
 */
export function cropGiven(template: FaceTemplate, inner: number): CropFace {
  return async (picture) => ({
    chip:
      picture.width === inner && picture.height === inner
        ? withEdges(picture, (template.size - inner) / 2)
        : alignedChip(picture, template, 'picture'),
    landmarks: undefined,
  });
}

/**
 * Aligns what the cache does not hold yet. `withCropper` is called if there is anything to do. A picture that cannot be used
 * is skipped, and remembered. InputError where nothing is left.
 */
export async function alignPeople(
  cache: CropCache,
  folder: string,
  listing: PeopleListing,
  withCropper: (work: (crop: CropFace) => Promise<void>) => Promise<void>,
  options: { readonly progress?: (progress: AlignProgress) => void; readonly signal?: AbortSignal } = {},
): Promise<Aligned> {
  const { progress = () => {}, signal } = options;
  const due: FileState[] = [];
  const gone: Skipped[] = [];
  for (const { name, files } of listing.people) {
    for (const file of files) {
      const path = `${name}/${file}`;
      const state = await stateOf(folder, path).catch((error: NodeJS.ErrnoException) => {
        gone.push({ path: join(folder, path), reason: reasonOf(error) });
        return undefined;
      });
      if (state && !cache.find(state)) due.push(state);
    }
  }
  if (due.length > 0) {
    await withCropper((crop) => cropAll(cache, folder, due, crop, progress, signal));
  }
  return collect(cache, folder, listing, gone, due.length);
}

async function cropAll(
  cache: CropCache,
  folder: string,
  due: readonly FileState[],
  crop: CropFace,
  progress: (progress: AlignProgress) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const ahead: Promise<Loaded>[] = [];
  const crops: NewCrop[] = [];
  const skipped: (FileState & { reason: string })[] = [];
  let skips = 0;
  try {
    for (const [i, file] of due.entries()) {
      if (signal?.aborted) break;
      while (ahead.length < AHEAD && i + ahead.length < due.length) {
        ahead.push(load(folder, due[i + ahead.length]!));
      }
      const { sha256, picture, reason } = await ahead.shift()!;
      const known = cache.last(file.path);
      if (known?.sha256 !== undefined && known.sha256 === sha256) await cache.restate(file, known);
      else {
        const made = picture ? await tried(crop, picture) : { reason: reason! };
        if ('reason' in made) {
          skipped.push({ ...file, reason: made.reason });
          skips++;
        } else crops.push({ file, sha256, pixels: await bytesOf(made.chip), landmarks: made.landmarks });
      }
      if (crops.length + skipped.length >= BATCH) {
        await cache.append(crops.splice(0), skipped.splice(0));
      }
      progress({ done: i + 1, total: due.length, skipped: skips });
    }
  } finally {
    await cache.append(crops, skipped);
    await Promise.all(ahead);
  }
}

interface Loaded {
  readonly sha256: string;
  readonly picture?: RgbImage;
  readonly reason?: string;
}

async function load(folder: string, { path }: FileState): Promise<Loaded> {
  try {
    const bytes = await readFile(join(folder, path));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    try {
      return { sha256, picture: await readPicture(bytes) };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { sha256, reason: error.message.replace(/^picture: /, '') };
    }
  } catch (error) {
    // A system error; whatever else goes wrong is not about the file.
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    return { sha256: '', reason: reasonOf(error as NodeJS.ErrnoException) };
  }
}

async function tried(crop: CropFace, picture: RgbImage): Promise<FaceCrop | { reason: string }> {
  try {
    return await crop(picture);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { reason: error.message };
  }
}

async function stateOf(folder: string, path: string): Promise<FileState> {
  const { size, mtimeMs } = await stat(join(folder, path));
  return { path, bytes: size, modified: mtimeMs };
}

function collect(
  cache: CropCache,
  folder: string,
  listing: PeopleListing,
  gone: readonly Skipped[],
  made: number,
): Aligned {
  const skipped: Skipped[] = [...listing.skipped, ...gone];
  const missing = new Set(gone.map(({ path }) => path));
  const people: PersonCrops[] = [];
  let count = 0;
  for (const { name, files } of listing.people) {
    const crops: Crop[] = [];
    for (const file of files) {
      const path = `${name}/${file}`;
      const entry: CropEntry | undefined = cache.last(path);
      if (entry?.skipped !== undefined) skipped.push({ path: join(folder, path), reason: entry.skipped });
      else if (entry?.record !== undefined && !missing.has(join(folder, path))) {
        crops.push({ path, record: entry.record, sha256: entry.sha256! });
      }
    }
    if (crops.length > 0) people.push({ name, crops });
    count += crops.length;
  }
  return { people, crops: count, skipped, made };
}

/** 8-bit interleaved RGB. */
async function bytesOf(chip: RgbImage): Promise<Uint8Array> {
  return new Uint8Array(await rawPicture(chip, 8, false).raw().toBuffer());
}

/** A picture with its edge repeated `margin` times on each side. */
function withEdges(picture: RgbImage, margin: number): RgbImage {
  const { width, height, data } = picture;
  const wide = rgbImage(width + 2 * margin, height + 2 * margin);
  const clamp = (v: number, extent: number) => Math.min(Math.max(v - margin, 0), extent - 1);
  for (let y = 0, to = 0; y < wide.height; y++)
    for (let x = 0; x < wide.width; x++, to += 3) {
      const from = 3 * (clamp(y, height) * width + clamp(x, width));
      wide.data.set(data.subarray(from, from + 3), to);
    }
  return wide;
}
