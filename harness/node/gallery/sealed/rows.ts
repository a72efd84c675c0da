// Rows of an encrypted gallery, statement by statement: a caller's transaction is around them.
import { randomBytes } from 'node:crypto';
import { InputError } from '../../../../src/base/errors.js';
import { checkTarget, idTaken, type Target } from '../../../../src/faces/gallery/checks.js';
import {
  type CollectionRecord,
  DIMENSION,
  type EnrollOutcome,
  type Sample,
  type VectorPage,
} from '../../../../src/faces/gallery/types.js';
import { Boxes, VECTOR_BYTES } from './boxes.js';
import type { SealedDatabase, SealedQuery } from './database.js';
import type { GalleryKeys } from './keys.js';

const UID = 16;

/** A collection's row, opened. */
export interface SealedCollection {
  readonly uid: Buffer;
  readonly record: CollectionRecord;
}

/** A person's row, opened. */
export interface SealedPerson {
  readonly uid: Buffer;
  readonly name: string;
}

type SampleRow = [
  seq: number | string,
  idTag: Buffer,
  vector: Buffer,
  person: Buffer,
  name: Buffer,
  facts: Buffer,
  crop: Buffer | null,
];

/** The tables of an encrypted gallery under its keys. Every method takes the transaction's `query` first. */
export class SealedRows {
  readonly boxes: Boxes;
  readonly collections: string;
  readonly people: string;
  readonly samples: string;
  private readonly keyTable: string;

  constructor(
    private readonly db: SealedDatabase,
    private readonly keys: GalleryKeys,
  ) {
    this.boxes = new Boxes(keys, db.location);
    this.keyTable = `${db.prefix}gallery_key`;
    this.collections = `${db.prefix}sealed_collection`;
    this.people = `${db.prefix}sealed_person`;
    this.samples = `${db.prefix}sealed_sample`;
  }

  /** Throws InputError unless the gallery still is under these keys; `lock` keeps it so until the end. */
  async checkKey(query: SealedQuery, lock = ''): Promise<void> {
    const [row] = await query<[string]>(`select id from ${this.keyTable}${lock}`);
    if (row?.[0] === this.keys.id) return;
    throw new InputError(
      `${this.db.location}: the gallery has been ${row ? 'encrypted anew' : 'decrypted'} by another program; open it again`,
    );
  }

  /** The collection called `name`. */
  async find(query: SealedQuery, name: string, lock = ''): Promise<SealedCollection | undefined> {
    const [row] = await query<[Buffer, Buffer]>(
      `select uid, record from ${this.collections} where tag = $1${lock}`,
      [this.keys.tag('collection', '', name)],
    );
    return row && { uid: row[0], record: this.boxes.openCollection(...row) };
  }

  /** The target's collection; InputError where it is missing or of another contract. */
  async require(query: SealedQuery, target: Target, lock = ''): Promise<SealedCollection> {
    const found = await this.find(query, target.name, lock);
    checkTarget(target, found?.record.contract, this.db.location);
    return found!;
  }

  /** False where the name is taken. */
  async insertCollection(query: SealedQuery, record: CollectionRecord): Promise<boolean> {
    const uid = randomBytes(UID);
    const added = await query(
      `insert into ${this.collections} (uid, tag, record) values ($1, $2, $3) on conflict do nothing returning uid`,
      [uid, this.keys.tag('collection', '', record.name), this.boxes.sealCollection(uid, record)],
    );
    return added.length > 0;
  }

  /** Keeps a changed record, under the name that it has. */
  async updateCollection(query: SealedQuery, { uid, record }: SealedCollection): Promise<void> {
    await query(`update ${this.collections} set record = $1 where uid = $2`, [
      this.boxes.sealCollection(uid, record),
      uid,
    ]);
  }

  /** Who has the name, if somebody does. */
  async personOf(query: SealedQuery, collection: Buffer, name: string): Promise<Buffer | undefined> {
    const [row] = await query<[Buffer]>(`select uid from ${this.people} where collection = $1 and tag = $2`, [
      collection,
      this.personTag(collection, name),
    ]);
    return row?.[0];
  }

  /** All people of a collection with how many samples they have, in no order. */
  async peopleOf(
    query: SealedQuery,
    collection: Buffer,
  ): Promise<(SealedPerson & { readonly samples: number })[]> {
    const rows = await query<[Buffer, Buffer, number | string]>(
      `select uid, name, (select count(*) from ${this.samples} where person = p.uid)
       from ${this.people} p where collection = $1`,
      [collection],
    );
    return rows.map(([uid, name, samples]) => ({
      uid,
      name: this.boxes.openName(collection, uid, name),
      samples: Number(samples),
    }));
  }

  /** Gives a person a name that nobody in the collection has. */
  async renamePerson(query: SealedQuery, collection: Buffer, uid: Buffer, name: string): Promise<void> {
    await query(`update ${this.people} set tag = $1, name = $2 where uid = $3`, [
      this.personTag(collection, name),
      this.boxes.sealName(collection, uid, name),
      uid,
    ]);
  }

  /** As the clear stores' insertSample; `known` are the people met in this transaction, by name. */
  async insertSample(
    query: SealedQuery,
    collection: Buffer,
    sample: Sample,
    where: string,
    known: Map<string, Buffer>,
  ): Promise<EnrollOutcome> {
    const cropTag = this.keys.tag('crop', collection.toString('hex'), sample.cropHash);
    const [there] = await query<[Buffer, Buffer, Buffer, Buffer]>(
      `select s.id_tag, s.vector, p.uid, p.name from ${this.samples} s join ${this.people} p on p.uid = s.person
       where s.collection = $1 and s.crop_tag = $2`,
      [collection, cropTag],
    );
    if (there) {
      const [idTag, vector, person, name] = there;
      const id = this.boxes.openVector(
        { collection, person, idTag },
        vector,
        new Uint8Array(VECTOR_BYTES),
        0,
      );
      return { status: 'duplicate', id, person: this.boxes.openName(collection, person, name) };
    }
    const person = known.get(sample.person) ?? (await this.personFor(query, collection, sample.person));
    known.set(sample.person, person);
    const idTag = this.idTag(collection, sample.id);
    const { vector, facts, crop } = this.boxes.sealSample({ collection, person, idTag }, sample);
    const added = await query(
      `insert into ${this.samples} (collection, person, id_tag, crop_tag, vector, facts, crop)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict (collection, id_tag) do nothing returning seq`,
      [collection, person, idTag, cropTag, vector, facts, crop],
    );
    if (added.length === 0) throw idTaken(where, sample.id);
    return { status: 'enrolled', id: sample.id, person: sample.person };
  }

  /** Samples behind the cursor `after` with their cursors, in the order of enrolment; of one person where that is given. */
  async page(
    query: SealedQuery,
    collection: Buffer,
    after: number,
    limit: number,
    person?: Buffer,
  ): Promise<{ readonly seq: number; readonly sample: Sample }[]> {
    const rows = await query<SampleRow>(
      `select s.seq, s.id_tag, s.vector, p.uid, p.name, s.facts, s.crop
       from ${this.samples} s join ${this.people} p on p.uid = s.person
       where ${person ? 's.person' : 's.collection'} = $1 and s.seq > $2 order by s.seq limit $3`,
      [person ?? collection, after, limit],
    );
    const names = this.namesIn(collection);
    return rows.map(([seq, idTag, vector, uid, name, facts, crop]) => ({
      seq: Number(seq),
      sample: this.boxes.openSample({ collection, person: uid, idTag }, names(uid, name), {
        vector,
        facts,
        crop,
      }),
    }));
  }

  /** Embeddings behind the cursor `after`, and the cursor of the last one. */
  async vectors(
    query: SealedQuery,
    collection: Buffer,
    after: number,
    limit: number,
  ): Promise<{ readonly page: VectorPage; readonly last: number }> {
    const rows = await query<[number | string, Buffer, Buffer, Buffer, Buffer]>(
      `select s.seq, s.id_tag, s.vector, p.uid, p.name
       from ${this.samples} s join ${this.people} p on p.uid = s.person
       where s.collection = $1 and s.seq > $2 order by s.seq limit $3`,
      [collection, after, limit],
    );
    const names = this.namesIn(collection);
    const vectors = new Float32Array(rows.length * DIMENSION);
    const bytes = new Uint8Array(vectors.buffer);
    const ids = rows.map(([, idTag, vector, person], i) =>
      this.boxes.openVector({ collection, person, idTag }, vector, bytes, i * VECTOR_BYTES),
    );
    const people = rows.map(([, , , uid, name]) => names(uid, name));
    return { page: { ids, people, vectors }, last: Number(rows.at(-1)?.[0] ?? after) };
  }

  /** Gives all samples of a person to another, for whom they are sealed anew. */
  async give(query: SealedQuery, collection: Buffer, from: Buffer, to: Buffer): Promise<void> {
    const rows = await query<[number | string, Buffer, Buffer, Buffer, Buffer | null]>(
      `select seq, id_tag, vector, facts, crop from ${this.samples} where person = $1`,
      [from],
    );
    for (const [seq, idTag, vector, facts, crop] of rows) {
      const sample = this.boxes.openSample({ collection, person: from, idTag }, '', { vector, facts, crop });
      const boxes = this.boxes.sealSample({ collection, person: to, idTag }, sample);
      await query(
        `update ${this.samples} set person = $1, vector = $2, facts = $3, crop = $4 where seq = $5`,
        [to, boxes.vector, boxes.facts, boxes.crop, Number(seq)],
      );
    }
  }

  /** The row of the sample with that id. */
  async sampleOf(
    query: SealedQuery,
    collection: Buffer,
    id: string,
  ): Promise<{ readonly seq: number; readonly person: Buffer } | undefined> {
    const [row] = await query<[number | string, Buffer]>(
      `select seq, person from ${this.samples} where collection = $1 and id_tag = $2`,
      [collection, this.idTag(collection, id)],
    );
    return row && { seq: Number(row[0]), person: row[1] };
  }

  /** What stands for the id of a sample of that collection. */
  idTag(collection: Buffer, id: string): Buffer {
    return this.keys.tag('id', collection.toString('hex'), id);
  }

  private async personFor(query: SealedQuery, collection: Buffer, name: string): Promise<Buffer> {
    const there = await this.personOf(query, collection, name);
    if (there) return there;
    const uid = randomBytes(UID);
    await query(`insert into ${this.people} (uid, collection, tag, name) values ($1, $2, $3, $4)`, [
      uid,
      collection,
      this.personTag(collection, name),
      this.boxes.sealName(collection, uid, name),
    ]);
    return uid;
  }

  private personTag(collection: Buffer, name: string): Buffer {
    return this.keys.tag('person', collection.toString('hex'), name);
  }

  /** Opens each person's name once. */
  private namesIn(collection: Buffer): (uid: Buffer, name: Buffer) => string {
    const opened = new Map<string, string>();
    return (uid, box) => {
      const key = uid.toString('latin1');
      const name = opened.get(key) ?? this.boxes.openName(collection, uid, box);
      opened.set(key, name);
      return name;
    };
  }
}
