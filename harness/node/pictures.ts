// Picture files in and out, by sharp: whatever comes in leaves as upright sRGB in [0,1].
import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { FacetError, InputError } from '../../src/base/errors.js';
import { assertImage, type RgbImage, rgbImage } from '../../src/base/image.js';
import { checkWritable, reasonOf, writeAtomically } from './overwrite.js';
import { insertChunk, profileChunk } from './png-profile.js';

/** Shortest side that the nets can see anything in, in pixels. */
export const MIN_SIDE = 16;
/** Longest side of a picture, in pixels. */
export const MAX_SIDE = 16384;
/** Most pixels of a picture. */
export const MAX_PIXELS = 100_000_000;

const READABLE = new Set(['jpeg', 'png', 'webp', 'tiff', 'heif', 'gif']);
const READABLE_NAMES = 'JPEG, PNG, WebP, TIFF, AVIF and GIF';

/** What `readPicture` is told beside the file. */
export interface ReadOptions {
  /** What the picture is for, the first word of every message: `content`, `style`. */
  readonly where?: string;
  /** Takes one line on what was left out: frames of an animation, a profile that could not be used. */
  readonly note?: (line: string) => void;
}

/**
 * Reads a picture file, or its bytes, as upright sRGB: EXIF orientation applied, an embedded ICC profile or CMYK
 * converted, grey spread over three channels, 16 bits kept, alpha apart and not multiplied in. Of several frames
 * the first. InputError, before decoding, when it is no picture or breaks MIN_SIDE, MAX_SIDE or MAX_PIXELS, and
 * when it is damaged.
 */
export async function readPicture(source: string | Uint8Array, options: ReadOptions = {}): Promise<RgbImage> {
  const label = labelOf(typeof source === 'string' ? source : 'picture', options);
  const note = (line: string) => options.note?.(`${label}: ${line}`);
  const bytes = typeof source === 'string' ? await readBytes(source, label) : source;
  const metadata = await readMetadata(bytes, label, bytes.length);
  if ((metadata.pages ?? 1) > 1) note(`has ${metadata.pages} frames; only the first is used`);
  const { data, info } = await decode(bytes, metadata, note).catch((error: Error) => {
    throw new InputError(`${label}: is damaged or cut short: ${said(error)}`, { cause: error });
  });
  return split(data, info.width, info.height, info.channels, topOf(metadata));
}

/**
 * Width and height in pixels of a picture file, or its bytes, when upright, from its header alone. InputError as
 * readPicture, but for damage behind the header.
 */
export async function inspectPicture(
  source: string | Uint8Array,
  options: Pick<ReadOptions, 'where'> = {},
): Promise<{ width: number; height: number }> {
  const label = labelOf(typeof source === 'string' ? source : 'picture', options);
  const bytes = typeof source === 'string' ? await fileBytes(source, label) : source.length;
  // sharp reads no further than the header, whatever the size of the file.
  const { width, height } = (await readMetadata(source, label, bytes)).autoOrient;
  return { width, height };
}

function labelOf(name: string, { where }: Pick<ReadOptions, 'where'>): string {
  return where ? `${where} ${name}` : name;
}

async function readMetadata(source: string | Uint8Array, label: string, bytes: number): Promise<Metadata> {
  if (bytes === 0) throw new InputError(`${label}: the file is empty (0 bytes)`);
  const metadata = await sharp(source)
    .metadata()
    .catch((error: Error) => {
      throw new InputError(
        `${label}: is not a picture that can be read (${READABLE_NAMES}): ${said(error)}`,
        { cause: error },
      );
    });
  checkMetadata(metadata, label, bytes);
  return metadata;
}

async function fileBytes(path: string, label: string): Promise<number> {
  const entry = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${label}: ${reasonOf(error)}`, { cause: error });
  });
  if (!entry.isFile()) {
    throw new InputError(`${label}: is ${entry.isDirectory() ? 'a folder' : 'not a regular file'}`);
  }
  return entry.size;
}

async function readBytes(path: string, label: string): Promise<Uint8Array> {
  await fileBytes(path, label);
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${label}: ${reasonOf(error)}`, { cause: error });
  });
}

function checkMetadata(metadata: Metadata, label: string, bytes: number): void {
  const { format, width, height, depth } = metadata;
  if (!READABLE.has(format)) {
    throw new InputError(`${label}: the format must be one of ${READABLE_NAMES}, got ${format}`);
  }
  if (Math.min(width, height) < MIN_SIDE) {
    throw new InputError(`${label}: each side must be at least ${MIN_SIDE} px, got ${width}x${height}`);
  }
  if (Math.max(width, height) > MAX_SIDE) {
    throw new InputError(`${label}: each side must be at most ${MAX_SIDE} px, got ${width}x${height}`);
  }
  if (width * height > MAX_PIXELS) {
    throw new InputError(
      `${label}: must have at most ${MAX_PIXELS / 1e6} megapixels, got ${width}x${height} = ${((width * height) / 1e6).toFixed(1)} (${bytes} bytes)`,
    );
  }
  if (depth !== 'uchar' && depth !== 'ushort') {
    throw new InputError(`${label}: must have 8 or 16 bits per channel, got ${depth}`);
  }
}

/** The sample that means 1. AVIF of 10 or 12 bits comes shifted up to 16, so its white is not 65535. */
function topOf({ format, depth, bitsPerSample = 16 }: Metadata): number {
  if (depth !== 'ushort') return 255;
  return format === 'heif' && bitsPerSample < 16
    ? (2 ** bitsPerSample - 1) * 2 ** (16 - bitsPerSample)
    : 65535;
}

async function decode(bytes: Uint8Array, metadata: Metadata, note: (line: string) => void) {
  const deep = metadata.depth === 'ushort';
  // Our own tag means the values are sRGB already: a conversion to itself would cost the last bit.
  const ignoreIcc = metadata.icc?.equals((await profileChunk()).profile) ?? false;
  // `error` lets harmless warnings of cameras pass (stray bytes, odd tags), and stops at missing pixels.
  const picture: Sharp = sharp(bytes, {
    failOn: 'error',
    limitInputPixels: MAX_PIXELS,
    ignoreIcc,
  }).autoOrient();
  if (!deep) return picture.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const converted = picture.toColourspace('rgb16');
  if (metadata.icc && !ignoreIcc) {
    // sharp brings 16-bit colour with a profile to Display P3; from there withIccProfile makes it sRGB.
    if (metadata.space === 'grey16')
      note('the profile of a 16-bit grey picture is not used; it is read as sRGB');
    else converted.withIccProfile('srgb');
  }
  return converted.raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true });
}

/** Raw interleaved samples of 1 to 4 channels -> RGB and alpha in [0,1]. */
function split(raw: Buffer, width: number, height: number, channels: number, top: number): RgbImage {
  const samples = top === 255 ? raw : new Uint16Array(raw.buffer, raw.byteOffset, raw.byteLength / 2);
  const pixels = width * height;
  if (samples.length !== pixels * channels) {
    throw new FacetError(`${width}x${height}x${channels} samples expected, sharp gave ${samples.length}`);
  }
  const colours = channels < 3 ? 1 : 3;
  const data = new Float32Array(3 * pixels);
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < 3; c++) data[3 * p + c] = samples[p * channels + (colours === 1 ? 0 : c)]! / top;
  }
  if (channels === colours) return rgbImage(width, height, data);
  const alpha = new Float32Array(pixels);
  for (let p = 0; p < pixels; p++) alpha[p] = samples[p * channels + colours]! / top;
  return rgbImage(width, height, data, alpha);
}

export type PictureFormat = 'png' | 'jpeg' | 'webp' | 'tiff';

const FORMAT_OF: Readonly<Record<string, PictureFormat>> = {
  '.png': 'png',
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.webp': 'webp',
  '.tif': 'tiff',
  '.tiff': 'tiff',
};

/** How `writePicture` encodes, and whether it replaces a file. */
export interface WriteOptions {
  /** Bits per channel, 8 unless told; 16 needs PNG or TIFF. */
  readonly bits?: 8 | 16;
  /** 1 to 100, of JPEG and WebP; 95 unless told. */
  readonly quality?: number;
  /** Replace an existing file. */
  readonly force?: boolean;
  /** Takes one line on what the format cannot hold. */
  readonly note?: (line: string) => void;
}

/**
 * The check to make before long work: the extension is known, the format holds the bits and `path` can be
 * written (checkWritable). InputError otherwise. Returns the format.
 */
export async function checkPicturePath(path: string, options: WriteOptions = {}): Promise<PictureFormat> {
  const format = formatOf(path, options);
  await checkWritable(path, options);
  return format;
}

function formatOf(path: string, { bits, quality }: WriteOptions): PictureFormat {
  const extension = extname(path).toLowerCase();
  const format = FORMAT_OF[extension];
  if (!format) {
    const known = Object.keys(FORMAT_OF).join(' ');
    throw new InputError(`${path}: the name must end in one of ${known}, got "${extension}"`);
  }
  if (bits === 16 && format !== 'png' && format !== 'tiff') {
    throw new InputError(`${path}: 16 bits per channel need .png or .tiff, got "${extension}"`);
  }
  if (quality !== undefined && !(quality >= 1 && quality <= 100)) {
    throw new InputError(`${path}: quality must be from 1 to 100, got ${quality}`);
  }
  return format;
}

/**
 * Writes `image`, tagged as sRGB, in the format of the extension; whole or not at all (writeAtomically). Samples
 * are floor(value * top + 0.5), undithered, so that what readPicture gave comes back to the bit in PNG and TIFF.
 * JPEG holds no alpha: it is dropped with a note, the colours under it stay. InputError as checkPicturePath.
 */
export async function writePicture(path: string, image: RgbImage, options: WriteOptions = {}): Promise<void> {
  const format = formatOf(path, options);
  if (format === 'jpeg' && image.alpha) options.note?.(`${path}: JPEG holds no transparency; it is dropped`);
  const bytes = await encodePicture(image, format, options).catch((error: Error) => {
    if (error instanceof FacetError) throw error;
    throw new InputError(
      `${path}: ${format} cannot hold this picture of ${image.width}x${image.height}: ${said(error)}`,
      { cause: error },
    );
  });
  await writeAtomically(path, bytes, options);
}

/** The bytes of writePicture's file. */
export async function encodePicture(
  image: RgbImage,
  format: PictureFormat,
  options: Pick<WriteOptions, 'bits' | 'quality'> = {},
): Promise<Buffer> {
  const { bits = 8, quality = 95 } = options;
  const picture = rawPicture(image, bits, format !== 'jpeg');
  if (bits === 8) return formatted(picture.withIccProfile('srgb'), format, quality).toBuffer();
  // sharp would convert 16-bit values to the profile that it attaches, so the tag is put into a PNG by hand.
  const level = format === 'png' ? 6 : 0;
  const plain = await picture.toColourspace('rgb16').png({ compressionLevel: level }).toBuffer();
  const tagged = insertChunk(plain, (await profileChunk()).chunk);
  if (format === 'png') return tagged;
  return formatted(sharp(tagged).keepIccProfile().toColourspace('rgb16'), format, quality).toBuffer();
}

function formatted(picture: Sharp, format: PictureFormat, quality: number): Sharp {
  switch (format) {
    case 'png':
      return picture.png({ compressionLevel: 6 });
    case 'jpeg':
      return picture.jpeg({ quality, chromaSubsampling: '4:4:4' });
    case 'webp':
      // Without `exact`, colours under full transparency would be lost.
      return picture.webp({ quality, smartSubsample: true, exact: true });
    case 'tiff':
      return picture.tiff({ compression: 'deflate', predictor: 'horizontal' });
  }
}

/** `image` as input of sharp, with its alpha where `keepAlpha`; FacetError when a value is not a number. */
export function rawPicture(image: RgbImage, bits: 8 | 16 = 8, keepAlpha = true): Sharp {
  assertImage('rawPicture', image);
  const { width, height, data } = image;
  const alpha = keepAlpha ? image.alpha : undefined;
  const channels = alpha ? 4 : 3;
  const top = bits === 8 ? 255 : 65535;
  const pixels = width * height;
  const samples = bits === 8 ? new Uint8Array(pixels * channels) : new Uint16Array(pixels * channels);
  for (let p = 0, at = 0; p < pixels; p++) {
    for (let c = 0; c < 3; c++) samples[at++] = sampleOf(data[3 * p + c]!, top);
    if (alpha) samples[at++] = sampleOf(alpha[p]!, top);
  }
  return sharp(samples, { raw: { width, height, channels } });
}

function sampleOf(value: number, top: number): number {
  if (Number.isNaN(value)) throw new FacetError('a picture holds NaN and cannot be written');
  return Math.floor(Math.min(1, Math.max(0, value)) * top + 0.5);
}

/** A message of sharp on one line. */
function said(error: Error): string {
  return error.message.replace(/\s*\n\s*/g, '; ').trim();
}
