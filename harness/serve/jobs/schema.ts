// Tables of the job store. Large values are cut into parts: neither database likes one of a gigabyte.

/** Bytes of a part. */
export const PART = 4 * 2 ** 20;

/** Types that the two databases name differently. */
export interface JobTypes {
  /** A column that numbers the rows in the order in which they came. */
  readonly serial: string;
  readonly bytes: string;
  readonly prefix: string;
}

/** Statements that make the tables, in order; `prefix` is the schema with its dot. */
export function jobTables({ serial, bytes, prefix }: JobTypes): string[] {
  return [
    `create table ${prefix}job (
       seq ${serial},
       id text not null unique,
       request_key text unique,
       state text not null,
       attempt integer not null,
       tries integer not null,
       cancel integer not null,
       created double precision not null,
       started double precision,
       finished double precision,
       ready double precision not null,
       worker text,
       lease_until double precision,
       spec text not null,
       step integer not null,
       total integer not null,
       checkpoint text,
       checkpoint_step integer,
       error text,
       facts text
     )`,
    `create index job_by_state on ${prefix}job (state, seq)`,
    `create table ${prefix}part (
       job text not null references ${prefix}job (id) on delete cascade,
       name text not null,
       number integer not null,
       bytes ${bytes} not null,
       primary key (job, name, number)
     )`,
  ];
}
