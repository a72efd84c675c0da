// The crops that a slim VGG learns from: an endless row, crop i a function of the seed, the pictures and i alone.
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import sharp from 'sharp';
import { InputError } from '../../../src/base/errors.js';
import { hash32, normal } from '../../../src/base/random.js';
import { reasonOf } from '../overwrite.js';
import { inspectPicture, rawPicture, readPicture } from '../pictures.js';
import { colouredNoise, Draws, deadLeaves } from './drawn-crops.js';
import type { Skipped } from './people.js';

/** Pictures that can be used, in the order of their paths. */
export interface PictureListing {
  readonly paths: readonly string[];
  readonly skipped: readonly Skipped[];
  /** Of the paths and sizes of the pictures, in their order. */
  readonly digest: string;
}

const PICTURES = new Set(['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff', '.avif', '.heic', '.gif']);

/** Pictures among `given`, folders searched through and through. InputError for a path that is not there. */
export async function listPictures(given: readonly string[]): Promise<PictureListing> {
  const found: string[] = [];
  for (const path of given) {
    const place = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw new InputError(`${path}: ${reasonOf(error)}`, { cause: error });
    });
    if (!place.isDirectory()) {
      found.push(path);
      continue;
    }
    const entries = await readdir(path, { recursive: true });
    found.push(
      ...entries
        .filter((name) => PICTURES.has(extname(name).toLowerCase()))
        .sort()
        .map((name) => join(path, name)),
    );
  }
  const paths: string[] = [];
  const skipped: Skipped[] = [];
  const digest = createHash('sha256');
  for (const path of new Set(found)) {
    try {
      const { width, height } = await inspectPicture(path);
      digest.update(`${path} ${width}x${height}\n`);
      paths.push(path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      skipped.push({ path, reason: error.message.replace(`${path}: `, '') });
    }
  }
  return { paths, skipped, digest: digest.digest('hex') };
}

export interface CropOptions {
  readonly paths: readonly string[];
  /** Side of a crop in pixels. */
  readonly side: number;
  /** Share of crops that are drawn by code; 1 where there are no pictures. */
  readonly drawn: number;
  readonly seed: number;
}

/** Longest side of a picture as it is kept, in pixels. */
const LONGEST = 1000;
/** Pictures that are kept decoded: at most 3 MB each. */
const KEPT = 32;
/** Of crops of pictures: blends of two, and of all crops those with noise. */
const BLENDS = 0.06;
const NOISY = 0.12;
const NOISE = 0.15;
/** Of drawn crops: those that are noise, the others are leaves. */
const COLOURED = 0.27;

interface Decoded {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

/** Makes crops; reads each picture when it is wanted. */
export class SlimCrops {
  private readonly kept = new Map<string, Promise<Decoded>>();
  /** Pictures that turned out to be damaged behind their header, by path. */
  readonly damaged = new Map<string, string>();

  constructor(readonly options: CropOptions) {}

  /** Crop i: [side][side][3], 8-bit RGB. A picture that is damaged gives a drawn one. */
  async crop(i: number): Promise<Uint8Array> {
    const { paths, side, drawn, seed } = this.options;
    const stream = hash32(hash32(seed, 17), i);
    const draws = new Draws(stream);
    const isDrawn = draws.next() < drawn || paths.length === 0;
    let pixels = isDrawn ? draw(side, draws) : await this.cut(draws);
    if (!isDrawn && draws.next() < BLENDS) {
      const other = await this.cut(draws);
      const share = draws.between(0.25, 0.75);
      pixels = pixels.map((value, k) => value * share + other[k]! * (1 - share));
    }
    const varied = turned(pixels, side, draws);
    colour(varied, draws);
    // Pictures under optimisation look like that.
    const deviation = draws.next() < NOISY ? NOISE * draws.next() : 0;
    const noise = hash32(stream, 1);
    return Uint8Array.from(varied, (value, k) => {
      const noisy = deviation > 0 ? value + deviation * normal(noise, k) : value;
      return Math.round(255 * Math.min(1, Math.max(0, noisy)));
    });
  }

  /** A random square of a random picture. */
  private async cut(draws: Draws): Promise<Float32Array> {
    const { paths, side } = this.options;
    const path = paths[draws.below(paths.length)]!;
    const [size, across, down, squeeze, way] = [0, 1, 2, 3, 4].map(() => draws.next());
    let picture: Decoded;
    try {
      picture = await this.decoded(path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.damaged.set(path, error.message);
      return draw(side, draws);
    }
    const short = Math.min(picture.width, picture.height);
    const least = Math.min(short, 0.75 * side);
    const extent = least * (short / least) ** size!;
    // Some are squeezed to one side or the other.
    const ratio = squeeze! < 0.3 ? 1 - 0.5 * squeeze! : 1;
    const wide = Math.max(1, Math.round(extent * (squeeze! < 0.15 ? ratio : 1)));
    const high = Math.max(1, Math.round(extent * (squeeze! < 0.15 ? 1 : ratio)));
    const left = Math.floor(across! * (picture.width - wide + 1));
    const top = Math.floor(down! * (picture.height - high + 1));
    const kernel = (['cubic', 'lanczos3', 'linear'] as const)[Math.floor(3 * way!)]!;
    const { data, width, height } = picture;
    const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
      .extract({ left, top, width: wide, height: high })
      .resize(side, side, { fit: 'fill', kernel })
      .raw()
      .toBuffer();
    return Float32Array.from(bytes, (value) => value / 255);
  }

  private decoded(path: string): Promise<Decoded> {
    let picture = this.kept.get(path);
    if (picture) this.kept.delete(path);
    else {
      picture = decode(path);
      if (this.kept.size >= KEPT) this.kept.delete(this.kept.keys().next().value!);
    }
    this.kept.set(path, picture);
    return picture;
  }
}

/** The middle square of a picture at `side` x `side` px, 8-bit RGB. InputError where it is damaged. */
export async function middleSquare(path: string, side: number): Promise<Uint8Array> {
  const picture = await readPicture(path);
  return rawPicture(picture, 8, false).resize(side, side, { fit: 'cover' }).raw().toBuffer();
}

async function decode(path: string): Promise<Decoded> {
  const picture = await readPicture(path);
  const { data, info } = await rawPicture(picture, 8, false)
    .resize(LONGEST, LONGEST, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

function draw(side: number, draws: Draws): Float32Array {
  return draws.next() < COLOURED ? colouredNoise(side, draws) : deadLeaves(side, draws);
}

/** Mirrored and transposed, by chance. */
function turned(pixels: Float32Array, side: number, draws: Draws): Float32Array {
  const [mirror, flip, transpose] = [draws.next() < 0.5, draws.next() < 0.1, draws.next() < 0.05];
  const out = new Float32Array(pixels.length);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const [v, u] = [flip ? side - 1 - y : y, mirror ? side - 1 - x : x];
      const from = 3 * (transpose ? u * side + v : v * side + u);
      out.set(pixels.subarray(from, from + 3), 3 * (y * side + x));
    }
  return out;
}

/** Luma of sRGB values (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114] as const;

/** Brightness, contrast, saturation, gains and the order of channels, each by chance; values are not clamped. */
function colour(pixels: Float32Array, draws: Draws): void {
  const factor = (chance: number, spread: number) =>
    draws.next() < chance ? draws.between(1 - spread, 1 + spread) : 1;
  const [brightness, contrast, saturation] = [factor(0.5, 0.3), factor(0.5, 0.3), factor(0.5, 0.5)];
  const gains = [0, 1, 2].map(() => factor(0.3, 0.2));
  const shift = draws.next() < 0.03 ? 1 + draws.below(2) : 0;
  const own = new Float32Array(3);
  for (let i = 0; i < pixels.length; i += 3) {
    const luma = LUMA.reduce((sum, weight, c) => sum + weight * pixels[i + c]!, 0);
    for (let c = 0; c < 3; c++) {
      const value = luma + saturation * (pixels[i + c]! - luma);
      own[c] = (contrast * (value * brightness - 0.5) + 0.5) * gains[c]!;
    }
    for (let c = 0; c < 3; c++) pixels[i + c] = own[(c + shift) % 3]!;
  }
}
