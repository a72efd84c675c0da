// A collection as JSON Lines, for keeping and for other programs: a first line about the collection, one line for
// each sample, a last line with their number, so that a file that was cut off is noticed.
import { z } from 'zod';
import { InputError } from '../../base/errors.js';
import {
  checkEmbedding,
  checked,
  contractSchema,
  factsSchema,
  nameSchema,
  thresholdSchema,
  timeSchema,
} from './checks.js';
import { type CollectionRecord, DIMENSION, type Sample } from './types.js';

const FORMAT = 'facet-gallery';
const VERSION = 1;

const headerSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  name: nameSchema,
  contract: contractSchema,
  threshold: thresholdSchema.nullable(),
  calibration: z.json(),
  created: timeSchema,
});

const sampleSchema = z.strictObject({
  ...factsSchema,
  embedding: z.array(z.number()).length(DIMENSION),
  crop: z.base64().min(1).nullable(),
});

const footerSchema = z.strictObject({ samples: z.int().nonnegative() });

/** A collection read from JSON Lines. */
export interface GalleryFile {
  readonly record: CollectionRecord;
  /** Sample i stood on line i + 2. */
  readonly samples: readonly Sample[];
}

/** The first line. */
export function encodeHeader({ name, contract, threshold, calibration, created }: CollectionRecord): string {
  return JSON.stringify({
    format: FORMAT,
    version: VERSION,
    name,
    contract,
    threshold,
    calibration,
    created,
  });
}

/** The line of one sample. */
export function encodeSample({ embedding, crop, ...facts }: Sample): string {
  const rest = JSON.stringify({ ...facts, crop: crop && toBase64(crop) });
  // Nine significant digits bring an f32 back exactly. Put in as text: half the time of numbers made from it.
  const numbers = Array.from(embedding, (x) => x.toPrecision(9)).join(',');
  return `${rest.slice(0, -1)},"embedding":[${numbers}]}`;
}

/** The last line. */
export function encodeFooter(samples: number): string {
  return JSON.stringify({ samples });
}

/**
 * Reads a whole file, line by line. InputError with the line's number where one breaks a rule, where the file is
 * of a newer version, or where it ends early. `where` names the file.
 */
export async function decodeLines(
  lines: Iterable<string> | AsyncIterable<string>,
  where: string,
): Promise<GalleryFile> {
  let number = 0;
  let record: CollectionRecord | undefined;
  let total: number | undefined;
  const samples: Sample[] = [];
  for await (const line of lines) {
    number++;
    const at = `${where}:${number}`;
    if (total !== undefined) {
      if (line.trim() === '') continue;
      throw new InputError(`${at}: there is more behind the last line, which counts ${total} samples`);
    }
    const value = parse(line, at);
    if (record === undefined) {
      record = header(value, at);
    } else if (isFooter(value)) {
      total = checked(footerSchema, value, at).samples;
    } else {
      const { embedding, crop, ...facts } = checked(sampleSchema, value, at);
      const numbers = Float32Array.from(embedding);
      checkEmbedding(numbers, at);
      samples.push({ ...facts, embedding: numbers, crop: crop === null ? null : fromBase64(crop) });
    }
  }
  if (record === undefined) throw new InputError(`${where}: the file is empty`);
  if (total !== samples.length) {
    const counted =
      total === undefined ? 'the last line, with their number, is missing' : `the last line says ${total}`;
    throw new InputError(`${where}: the file is not whole: it has ${samples.length} samples, ${counted}`);
  }
  return { record, samples };
}

function parse(line: string, at: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new InputError(`${at}: must be JSON: ${JSON.stringify((error as Error).message)}`, {
      cause: error,
    });
  }
}

function header(value: unknown, at: string): CollectionRecord {
  const known = z.looseObject({ format: z.literal(FORMAT), version: z.int() }).safeParse(value);
  if (!known.success) {
    throw new InputError(`${at}: is no gallery: the first line must have "format":"${FORMAT}" and a version`);
  }
  if (known.data.version > VERSION) {
    throw new InputError(
      `${at}: the file has version ${known.data.version} of its format, this program reads ${VERSION}; update facet`,
    );
  }
  const { format: _format, version: _version, ...record } = checked(headerSchema, value, at);
  return record;
}

function isFooter(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'samples' in value && !('embedding' in value);
}

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
