// Collections, people and their samples in a gallery's file, statement by statement: a caller's transaction is around them.
import type { Slice } from '../../../src/faces/gallery/backend.js';
import { idTaken } from '../../../src/faces/gallery/checks.js';
import type {
  CollectionRecord,
  EnrollOutcome,
  RenameOutcome,
  Sample,
} from '../../../src/faces/gallery/types.js';
import type { LibsqlDatabase } from './libsql-database.js';
import { blobOf, type SampleRow, sampleOf } from './libsql-rows.js';
import { encryptedMeanwhile } from './sealed/database.js';

/** Adds a collection whose name is free; InputError where another program has encrypted the gallery. */
export function insertCollection(
  db: LibsqlDatabase,
  { name, contract, threshold, calibration, created }: CollectionRecord,
): void {
  // A store that was opened before is still there, and must put nothing beside the encrypted rows.
  if (db.query('select 1 from gallery_key').length > 0) throw encryptedMeanwhile(db.path);
  db.run('insert into collection (name, contract, threshold, calibration, created) values (?, ?, ?, ?, ?)', [
    name,
    JSON.stringify(contract),
    threshold,
    JSON.stringify(calibration),
    created,
  ]);
}

/** As GalleryBackend.samples, of the collection with that row id. */
export function samplesOf(
  db: LibsqlDatabase,
  collection: number,
  after: number,
  limit: number,
  person?: string,
): Slice<Sample> {
  // Named: else the planner may take the index of ids and sort all rows for every page.
  const [from, values] =
    person === undefined
      ? ['sample s indexed by sample_of_collection cross join person p on p.id = s.person', []]
      : [
          'person p cross join sample s indexed by sample_of_person on s.person = p.id and p.collection = s.collection and p.name = ?',
          [person],
        ];
  const rows = db.query<SampleRow>(
    `select s.seq, s.id, p.name, s.embedding, s.crop_hash, s.source, s.time, s.quality, s.crop
     from ${from} where s.collection = ? and s.seq > ? order by s.seq limit ?`,
    [...values, collection, after, limit + 1],
  );
  return {
    items: rows.slice(0, limit).map(sampleOf),
    next: rows.length > limit ? rows[limit - 1]![0] : undefined,
  };
}

/** A person's row id, undefined where nobody in the collection has that name. */
export function personOf(db: LibsqlDatabase, collection: number, name: string): number | undefined {
  return db.query<[number]>('select id from person where collection = ? and name = ?', [
    collection,
    name,
  ])[0]?.[0];
}

/**
 * Adds a sample and, where it is the first of them, its person; a known crop changes nothing. InputError (`where`) where
 * the id belongs to another crop.
 */
export function insertSample(
  db: LibsqlDatabase,
  collection: number,
  sample: Sample,
  where: string,
): EnrollOutcome {
  const cropHash = Buffer.from(sample.cropHash, 'hex');
  const [known] = db.query<[string, string]>(
    `select s.id, p.name from sample s join person p on p.id = s.person
     where s.collection = ? and s.crop_hash = ?`,
    [collection, cropHash],
  );
  if (known) return { status: 'duplicate', id: known[0], person: known[1] };
  db.run('insert into person (collection, name) values (?, ?) on conflict do nothing', [
    collection,
    sample.person,
  ]);
  const added = db.run(
    `insert into sample (collection, person, id, embedding, crop_hash, source, time, quality, crop)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (collection, id) do nothing`,
    [
      collection,
      personOf(db, collection, sample.person)!,
      sample.id,
      blobOf(sample.embedding),
      cropHash,
      sample.source,
      sample.time,
      JSON.stringify(sample.quality),
      sample.crop && Buffer.from(sample.crop),
    ],
  );
  if (added === 0) throw idTaken(where, sample.id);
  return { status: 'enrolled', id: sample.id, person: sample.person };
}

/** As GalleryBackend.rename, inside a transaction. */
export function renamePerson(
  db: LibsqlDatabase,
  collection: number,
  from: string,
  to: string,
  merge: boolean,
): RenameOutcome | 'taken' | undefined {
  const old = personOf(db, collection, from);
  if (old === undefined) return undefined;
  const samples = db.query<[number]>('select count(*) from sample where person = ?', [old])[0]![0];
  const other = from === to ? undefined : personOf(db, collection, to);
  if (other === undefined) {
    db.run('update person set name = ? where id = ?', [to, old]);
    return { merged: false, samples };
  }
  if (!merge) return 'taken';
  db.run('update sample set person = ? where person = ?', [other, old]);
  db.run('delete from person where id = ?', [old]);
  return { merged: true, samples };
}
