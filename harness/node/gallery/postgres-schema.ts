// Tables of a gallery in PostgreSQL, in a schema of their own.
import { InputError } from '../../../src/base/errors.js';
import { codeOf, type PostgresConnection, type Query } from './postgres-connection.js';
import { sealedTables } from './sealed/database.js';

/** The quoted names that statements are put together from. */
export interface PostgresNames {
  /** The gallery's schema. */
  readonly schema: string;
  /** The schema that pgvector is installed in. */
  readonly vector: string;
  readonly collections: string;
  readonly people: string;
  readonly samples: string;
}

function namesOf(schema: string, vector: string): PostgresNames {
  return {
    schema,
    vector,
    collections: `${schema}.collection`,
    people: `${schema}.person`,
    samples: `${schema}.sample`,
  };
}

/** Step i brings a schema from version i to version i + 1. Names are compared by code points (collation C). */
const MIGRATIONS: readonly ((names: PostgresNames) => string)[] = [
  ({ schema, vector }) => `
    create table ${schema}.collection (
      id integer generated always as identity primary key,
      name text collate "C" not null unique,
      contract text not null,
      threshold double precision,
      calibration text not null,
      created text not null
    );
    create table ${schema}.person (
      id bigint generated always as identity primary key,
      collection integer not null references ${schema}.collection (id) on delete cascade,
      name text collate "C" not null,
      unique (collection, name)
    );
    create table ${schema}.sample (
      seq bigint generated always as identity primary key,
      collection integer not null references ${schema}.collection (id) on delete cascade,
      person bigint not null references ${schema}.person (id) on delete cascade,
      id text collate "C" not null,
      embedding ${vector}.vector(128) not null,
      crop_hash bytea not null check (length(crop_hash) = 32),
      source text not null,
      time text not null,
      quality text not null,
      crop bytea,
      unique (collection, id),
      unique (collection, crop_hash)
    );
    create index sample_of_person on ${schema}.sample (person, seq);
    create index sample_of_collection on ${schema}.sample (collection, seq);`,
  ({ schema }) =>
    sealedTables({
      serial: 'bigint generated always as identity primary key',
      bytes: 'bytea',
      prefix: `${schema}.`,
    }).join(';\n'),
];

/** A name as an SQL identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Makes what is missing or older: schema, pgvector, tables. InputError where a right or the extension is missing. */
export async function migrate(connection: PostgresConnection, schemaName: string): Promise<PostgresNames> {
  if (schemaName === '' || Buffer.byteLength(schemaName) > 63 || schemaName.includes('\0')) {
    throw new InputError(
      `the name of a PostgreSQL schema must have 1 to 63 bytes, it is ${JSON.stringify(schemaName)}`,
    );
  }
  const schema = quoted(schemaName);
  return connection.write(async (query) => {
    // Two programs may meet an empty database at once.
    await query('select pg_advisory_xact_lock(hashtext($1))', [`facet gallery ${schemaName}`]);
    const vector = quoted(await vectorSchema(query, connection.location));
    const [known] = await query('select 1 from pg_namespace where nspname = $1', [schemaName]);
    if (!known) await query(`create schema ${schema}`);
    const [table] = await query<[string | null]>('select to_regclass($1)::text', [`${schema}.migration`]);
    if (table![0] === null) {
      await query(`create table ${schema}.migration (version integer primary key, applied text not null)`);
    }
    const [row] = await query<[number]>(`select coalesce(max(version), 0) from ${schema}.migration`);
    const version = row![0];
    if (version > MIGRATIONS.length) {
      throw new InputError(
        `${connection.location}: the gallery has schema ${version}, this program knows up to ${MIGRATIONS.length}; update facet`,
      );
    }
    const names = namesOf(schema, vector);
    for (let next = version; next < MIGRATIONS.length; next++) {
      for (const statement of MIGRATIONS[next]!(names).split(';\n')) await query(statement);
      await query(`insert into ${schema}.migration (version, applied) values ($1, $2)`, [
        next + 1,
        new Date().toISOString(),
      ]);
    }
    return names;
  });
}

/** The schema that pgvector is in; it is installed where the server has it and the user may. */
async function vectorSchema(query: Query, location: string): Promise<string> {
  const find = () =>
    query<[string]>(
      "select nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname = 'vector'",
    );
  const [installed] = await find();
  if (installed) return installed[0];
  try {
    await query('create extension vector');
  } catch (error) {
    const missing = /^(?:0A000|58P01|42704)$/.test(codeOf(error));
    if (!missing && codeOf(error) !== '42501') throw error;
    const reason = missing ? 'the server does not have it' : 'the user may not install it';
    throw new InputError(
      `${location}: the database needs pgvector (create extension vector), and ${reason}`,
      { cause: error },
    );
  }
  return (await find())[0]![0];
}
