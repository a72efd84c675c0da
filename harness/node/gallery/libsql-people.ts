// People of a collection and their samples in a gallery's file, statement by statement: a caller's transaction is around them.
import { idTaken } from '../../../src/faces/gallery/checks.js';
import type { EnrollOutcome, RenameOutcome, Sample } from '../../../src/faces/gallery/types.js';
import type { LibsqlDatabase } from './libsql-database.js';
import { blobOf } from './libsql-rows.js';

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
