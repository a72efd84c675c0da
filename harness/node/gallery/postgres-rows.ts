// How collections, samples and vectors lie in the columns of a gallery in PostgreSQL.
import type { Slice } from '../../../src/faces/gallery/backend.js';
import {
  type CollectionRecord,
  DIMENSION,
  type Json,
  type ModelContract,
  type QualityFacts,
  type Sample,
  type VectorPage,
} from '../../../src/faces/gallery/types.js';
import type { Query } from './postgres-connection.js';
import type { PostgresNames } from './postgres-schema.js';

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
type SampleRow = [
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
function sampleOf([, id, person, bytes, cropHash, source, time, quality, crop]: SampleRow): Sample {
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

/** As GalleryBackend.samples, of the collection with that row id. */
export async function samplesOf(
  query: Query,
  { samples, people, vector }: PostgresNames,
  collection: number,
  after: number,
  limit: number,
  person?: string,
): Promise<Slice<Sample>> {
  const rows = await query<SampleRow>(
    `select s.seq, s.id, p.name, ${vector}.vector_send(s.embedding), s.crop_hash, s.source, s.time,
       s.quality, s.crop
     from ${samples} s join ${people} p on p.id = s.person
     where s.collection = $1 and s.seq > $2 and ($3::text is null or p.name = $3) order by s.seq limit $4`,
    [collection, after, person ?? null, limit + 1],
  );
  return {
    items: rows.slice(0, limit).map(sampleOf),
    next: rows.length > limit ? Number(rows[limit - 1]![0]) : undefined,
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
