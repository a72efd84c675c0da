// How collections and samples lie in the columns of a gallery's file.
import type {
  CollectionRecord,
  Json,
  ModelContract,
  QualityFacts,
  Sample,
} from '../../../src/faces/gallery/types.js';

/** A collection as `RECORD` selects it. */
export type RecordRow = [
  id: number,
  name: string,
  contract: string,
  threshold: number | null,
  calibration: string,
  created: string,
];
/** The columns of a collection. */
export const RECORD = 'id, name, contract, threshold, calibration, created';

/** A sample beside its person's name. */
export type SampleRow = [
  seq: number,
  id: string,
  person: string,
  embedding: Buffer,
  cropHash: Buffer,
  source: string,
  time: string,
  quality: string,
  crop: Buffer | null,
];

/** A collection from its row. */
export function recordOf([, name, contract, threshold, calibration, created]: RecordRow): CollectionRecord {
  return {
    name,
    contract: JSON.parse(contract) as ModelContract,
    threshold,
    calibration: JSON.parse(calibration) as Json,
    created,
  };
}

/** A sample from its row. */
export function sampleOf([
  ,
  id,
  person,
  embedding,
  cropHash,
  source,
  time,
  quality,
  crop,
]: SampleRow): Sample {
  return {
    id,
    person,
    // Copied: a view of the driver's buffer need not lie at a multiple of four.
    embedding: new Float32Array(Uint8Array.from(embedding).buffer),
    cropHash: cropHash.toString('hex'),
    source,
    time,
    quality: JSON.parse(quality) as QualityFacts,
    crop: crop && Uint8Array.from(crop),
  };
}

/** An embedding as its column holds it: a view, no copy. */
export function blobOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
