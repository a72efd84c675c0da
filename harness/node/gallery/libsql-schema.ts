// Tables of a gallery's file, and how older files become newer ones.
import { InputError } from '../../../src/base/errors.js';
import type { LibsqlDatabase } from './libsql-database.js';
import { sealedTables } from './sealed/database.js';

/** Marks SQLite files as galleries: the letters `face`. */
const APPLICATION_ID = 0x66616365;

/** Step i brings a file from version i to version i + 1. */
const MIGRATIONS: readonly string[] = [
  `create table collection (
     id integer primary key autoincrement,
     name text not null unique,
     contract text not null,
     threshold real,
     calibration text not null,
     created text not null
   );
   create table person (
     id integer primary key autoincrement,
     collection integer not null references collection (id) on delete cascade,
     name text not null,
     unique (collection, name)
   );
   create table sample (
     seq integer primary key autoincrement,
     collection integer not null references collection (id) on delete cascade,
     person integer not null references person (id) on delete cascade,
     id text not null,
     embedding f32_blob(128) not null check (length(embedding) = 512),
     crop_hash blob not null check (length(crop_hash) = 32),
     source text not null,
     time text not null,
     quality text not null,
     crop blob,
     unique (collection, id),
     unique (collection, crop_hash)
   );
   -- An index ends with the row's number, so that these two give pages in the order of enrolment.
   create index sample_of_person on sample (person);
   create index sample_of_collection on sample (collection);
   create table purge (since text not null);`,
  sealedTables({ serial: 'integer primary key autoincrement', bytes: 'blob', prefix: '' }).join(';\n'),
];

/** Makes the tables of a new file or brings an older one up to date; InputError for a newer or a foreign one. */
export function migrate(db: LibsqlDatabase): void {
  const known = db.read(() => versionOf(db));
  if (known === MIGRATIONS.length) return;
  db.write(() => {
    // Asked again behind the lock: two programs may have opened a new file at once.
    const version = versionOf(db);
    if (version === 0) {
      db.exec(`pragma application_id = ${APPLICATION_ID};
               create table migration (version integer primary key, applied text not null);`);
    }
    for (let next = version; next < MIGRATIONS.length; next++) {
      db.exec(MIGRATIONS[next]!);
      db.run('insert into migration (version, applied) values (?, ?)', [next + 1, new Date().toISOString()]);
    }
  });
}

/** 0 for an empty file. */
function versionOf(db: LibsqlDatabase): number {
  const [id] = db.query<[number]>('pragma application_id');
  const [tables] = db.query<[number]>('select count(*) from sqlite_schema');
  if (id![0] !== APPLICATION_ID) {
    if (id![0] === 0 && tables![0] === 0) return 0;
    throw new InputError(`${db.path}: is no gallery: the database belongs to another program`);
  }
  const [version] = db.query<[number]>('select coalesce(max(version), 0) from migration');
  if (version![0] > MIGRATIONS.length) {
    throw new InputError(
      `${db.path}: the gallery has schema ${version![0]}, this program knows up to ${MIGRATIONS.length}; update facet`,
    );
  }
  return version![0];
}
