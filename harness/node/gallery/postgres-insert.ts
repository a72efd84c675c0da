// Samples into a collection in PostgreSQL, many rows a statement: a caller's transaction is around them.
import { idTaken } from '../../../src/faces/gallery/checks.js';
import type { EnrollOutcome, Sample } from '../../../src/faces/gallery/types.js';
import type { PostgresValue, Query } from './postgres-connection.js';
import { textOf } from './postgres-rows.js';
import type { PostgresNames } from './postgres-schema.js';

/** Rows of one statement that inserts or updates. */
const BATCH = 500;

/**
 * Adds samples to the collection of that row id, on which the caller holds the lock; a known crop changes nothing.
 * InputError, where `where` names the sample, for an id that belongs to another crop.
 */
export async function insertSamples(
  query: Query,
  names: PostgresNames,
  collection: number,
  samples: readonly Sample[],
  where: (index: number) => string,
): Promise<EnrollOutcome[]> {
  const outcomes: EnrollOutcome[] = [];
  for (let from = 0; from < samples.length; from += BATCH) {
    const batch = samples.slice(from, from + BATCH);
    outcomes.push(...(await insertBatch(query, names, collection, batch, (i) => where(from + i))));
  }
  return outcomes;
}

/** Gives samples of the collection new embeddings, by id. */
export async function updateEmbeddings(
  query: Query,
  names: PostgresNames,
  collection: number,
  embeddings: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  const all = [...embeddings];
  for (let from = 0; from < all.length; from += BATCH) {
    const batch = all.slice(from, from + BATCH);
    await query(
      `update ${names.samples} s set embedding = t.embedding::${names.vector}.vector
       from unnest($2::text[], $3::text[]) as t (id, embedding) where s.collection = $1 and s.id = t.id`,
      [collection, batch.map(([id]) => id), batch.map(([, embedding]) => textOf(embedding))],
    );
  }
}

/** Nobody else writes to the collection meanwhile. */
async function insertBatch(
  query: Query,
  names: PostgresNames,
  collection: number,
  samples: readonly Sample[],
  where: (index: number) => string,
): Promise<EnrollOutcome[]> {
  const hashes = samples.map(({ cropHash }) => Buffer.from(cropHash, 'hex'));
  const crops = new Map<string, { id: string; person: string }>();
  const found = await query<[Buffer, string, string]>(
    `select s.crop_hash, s.id, p.name from ${names.samples} s join ${names.people} p on p.id = s.person
     where s.collection = $1 and s.crop_hash = any($2::bytea[])`,
    [collection, hashes],
  );
  for (const [hash, id, person] of found) crops.set(hash.toString('hex'), { id, person });
  const taken = await query<[string]>(
    `select id from ${names.samples} where collection = $1 and id = any($2::text[])`,
    [collection, samples.map(({ id }) => id)],
  );
  const ids = new Set(taken.map(([id]) => id));
  const added: Sample[] = [];
  const outcomes = samples.map((sample, i): EnrollOutcome => {
    const known = crops.get(sample.cropHash);
    if (known) return { status: 'duplicate', ...known };
    if (ids.has(sample.id)) throw idTaken(where(i), sample.id);
    const { id, person } = sample;
    crops.set(sample.cropHash, { id, person });
    ids.add(id);
    added.push(sample);
    return { status: 'enrolled', id, person };
  });
  if (added.length > 0) await insertRows(query, names, collection, added);
  return outcomes;
}

async function insertRows(
  query: Query,
  names: PostgresNames,
  collection: number,
  samples: readonly Sample[],
): Promise<void> {
  const people = samples.map(({ person }) => person);
  await query(
    `insert into ${names.people} (collection, name) select distinct $1::integer, unnest($2::text[])
     on conflict do nothing`,
    [collection, people],
  );
  const columns: PostgresValue[] = [
    samples.map(({ id }) => id),
    people,
    samples.map(({ embedding }) => textOf(embedding)),
    samples.map(({ cropHash }) => Buffer.from(cropHash, 'hex')),
    samples.map(({ source }) => source),
    samples.map(({ time }) => time),
    samples.map(({ quality }) => JSON.stringify(quality)),
    samples.map(({ crop }) => crop && Buffer.from(crop)),
  ];
  await query(
    `insert into ${names.samples} (collection, person, id, embedding, crop_hash, source, time, quality, crop)
     select $1, p.id, t.id, t.embedding::${names.vector}.vector, t.crop_hash, t.source, t.time, t.quality, t.crop
     from unnest($2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::text[], $9::bytea[])
       with ordinality as t (id, person, embedding, crop_hash, source, time, quality, crop, place)
     join ${names.people} p on p.collection = $1 and p.name = t.person order by t.place`,
    [collection, ...columns],
  );
}
