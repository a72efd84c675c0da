// How collections, samples and vectors lie in the columns of a gallery in PostgreSQL.
import {
  type CollectionRecord,
  DIMENSION,
  type Json,
  type ModelContract,
  type QualityFacts,
  type Sample,
  type VectorPage,
} from '../../../src/faces/gallery/types.js';

/** The columns of a collection. */
export const RECORD = 'name, contract, threshold, calibration, created';
/** A collection as `RECORD` selects it. */
export type RecordRow = [
  name: string,
  contract: string,
  threshold: number | null,
  calibration: string,
  created: string,
];

/** A sample's place, id, person and, by vector_send, its embedding. */
export type VectorRow = [seq: string, id: string, person: string, embedding: Buffer];

/** A sample with all its columns. */
export type SampleRow = [
  ...VectorRow,
  cropHash: Buffer,
  source: string,
  time: string,
  quality: string,
  crop: Buffer | null,
];

/** A collection from its row. */
export function recordOf([name, contract, threshold, calibration, created]: RecordRow): CollectionRecord {
  return {
    name,
    contract: JSON.parse(contract) as ModelContract,
    threshold,
    calibration: JSON.parse(calibration) as Json,
    created,
  };
}

/** A sample from its row. */
export function sampleOf([, id, person, bytes, cropHash, source, time, quality, crop]: SampleRow): Sample {
  const embedding = new Float32Array(DIMENSION);
  readVector(bytes, embedding, 0);
  return {
    id,
    person,
    embedding,
    cropHash: cropHash.toString('hex'),
    source,
    time,
    quality: JSON.parse(quality) as QualityFacts,
    crop: crop && Uint8Array.from(crop),
  };
}

/** A page of embeddings from its rows. */
export function pageOf(rows: readonly VectorRow[]): VectorPage {
  const vectors = new Float32Array(rows.length * DIMENSION);
  rows.forEach(([, , , embedding], i) => {
    readVector(embedding, vectors, i * DIMENSION);
  });
  return { ids: rows.map(([, id]) => id), people: rows.map(([, , person]) => person), vectors };
}

/** pgvector's wire form: two 16-bit numbers (dimension, unused), then big-endian f32. */
function readVector(bytes: Buffer, into: Float32Array, offset: number): void {
  for (let i = 0; i < DIMENSION; i++) into[offset + i] = bytes.readFloatBE(4 + 4 * i);
}

/** pgvector's text form. A double's shortest text, read as f32 again, is the same f32. */
export function textOf(embedding: Float32Array): string {
  return `[${embedding.join(',')}]`;
}
