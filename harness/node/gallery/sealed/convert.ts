// From clear to encrypted and back, each in one transaction: a crash in the middle leaves the gallery as it was.
import { InputError } from '../../../../src/base/errors.js';
import type { GalleryBackend } from '../../../../src/faces/gallery/backend.js';
import type { EnrollOutcome } from '../../../../src/faces/gallery/types.js';
import type { SealedDatabase, SealedQuery } from './database.js';
import { newKey, type SealedKey, unlock } from './keys.js';
import { SealedRows } from './rows.js';
import { SealedBackend } from './store.js';

/** A passphrase that must serve, or how to ask for one where the gallery is encrypted. */
export type Passphrase = string | (() => Promise<string>);

/** How much was converted. */
export interface Converted {
  readonly collections: number;
  readonly samples: number;
}

/** Samples that are read and written at a time. */
const PAGE = 500;

/**
 * The gallery in `db`: encrypted, or as `clear` opens it. A gallery without collections becomes encrypted where a passphrase
 * is given. InputError where it is missing, wrong, or given for a gallery that is not encrypted: nobody is to believe so.
 */
export async function openSealable(
  db: SealedDatabase,
  clear: () => GalleryBackend,
  passphrase: Passphrase | undefined,
): Promise<GalleryBackend> {
  const key = await db.read((query) => keyIn(query, db));
  if (key) {
    if (passphrase === undefined) {
      throw new InputError(
        `${db.location}: the gallery is encrypted: give its passphrase (FACET_GALLERY_PASSPHRASE, or --passphrase-file)`,
      );
    }
    const words = typeof passphrase === 'string' ? passphrase : await passphrase();
    return new SealedBackend(db, await unlock(key.record, words, db.location));
  }
  if (typeof passphrase !== 'string') return clear();
  const { keys, sealed } = await newKey(passphrase);
  await db.convert('nothing', async (query, tables) => {
    if (await keyIn(query, db)) {
      throw new InputError(`${db.location}: another program is making the gallery; try again`);
    }
    if ((await tables.collections()).length > 0) {
      throw new InputError(
        `${db.location}: a passphrase is given, and the gallery is not encrypted; facet face encrypt encrypts it`,
      );
    }
    await keep(query, db, sealed);
  });
  return new SealedBackend(db, keys);
}

/** Encrypts a gallery that is not. InputError where it is, or the passphrase is too short. */
export async function encryptGallery(db: SealedDatabase, passphrase: string): Promise<Converted> {
  const { keys, sealed } = await newKey(passphrase);
  const rows = new SealedRows(db, keys);
  return db.convert('the gallery in clear', async (query, clear) => {
    if (await keyIn(query, db)) throw new InputError(`${db.location}: the gallery is encrypted already`);
    await keep(query, db, sealed);
    const collections = await clear.collections();
    let total = 0;
    for (const record of collections) {
      await rows.insertCollection(query, record);
      const { uid } = (await rows.find(query, record.name))!;
      const known = new Map<string, Buffer>();
      for (let after: number | undefined = 0; after !== undefined; ) {
        const { items, next } = await clear.samples(record.name, after, PAGE);
        for (const sample of items) {
          const outcome = await rows.insertSample(query, uid, sample, sample.id, known);
          checkMoved(outcome, db);
        }
        total += items.length;
        after = next;
      }
    }
    await clear.empty();
    return { collections: collections.length, samples: total };
  });
}

/** Decrypts a gallery. InputError where it is not encrypted, or with another passphrase. */
export async function decryptGallery(db: SealedDatabase, passphrase: string): Promise<Converted> {
  const keys = await unlock((await needKey(db)).record, passphrase, db.location);
  const rows = new SealedRows(db, keys);
  return db.convert('the encrypted gallery', async (query, clear) => {
    await rows.checkKey(query);
    // First: no collection in clear may be made while there is a key.
    await query(`delete from ${db.prefix}gallery_key`);
    const boxes = await query<[Buffer, Buffer]>(`select uid, record from ${rows.collections}`);
    const collections = boxes
      .map(([uid, box]) => ({ uid, record: rows.boxes.openCollection(uid, box) }))
      .sort((a, b) => a.record.created.localeCompare(b.record.created));
    let total = 0;
    for (const { uid, record } of collections) {
      await clear.addCollection(record);
      for (let after = 0; ; ) {
        const page = await rows.page(query, uid, after, PAGE);
        if (page.length === 0) break;
        const outcomes = await clear.addSamples(
          record.name,
          page.map(({ sample }) => sample),
        );
        for (const outcome of outcomes) checkMoved(outcome, db);
        total += page.length;
        after = page.at(-1)!.seq;
      }
    }
    await query(`delete from ${rows.collections}`);
    return { collections: collections.length, samples: total };
  });
}

/**
 * Puts the gallery's key under another passphrase. Rows stay as they are: who kept a copy of the file from before, and the
 * old passphrase, has the key. Decrypting and encrypting makes a new one.
 */
export async function changePassphrase(db: SealedDatabase, old: string, passphrase: string): Promise<void> {
  const keys = await unlock((await needKey(db)).record, old, db.location);
  const { id, record } = await keys.rewrap(passphrase);
  await db.wipe('the key under the old passphrase', async (query) => {
    const changed = await query(`update ${db.prefix}gallery_key set record = $1 where id = $2 returning id`, [
      record,
      id,
    ]);
    if (changed.length > 0) return;
    throw new InputError(`${db.location}: the gallery has been converted by another program meanwhile`);
  });
}

/** Whether a gallery is encrypted. */
export async function isEncrypted(db: SealedDatabase): Promise<boolean> {
  return (await db.read((query) => keyIn(query, db))) !== undefined;
}

async function needKey(db: SealedDatabase): Promise<SealedKey> {
  const key = await db.read((query) => keyIn(query, db));
  if (key) return key;
  throw new InputError(`${db.location}: the gallery is not encrypted`);
}

async function keyIn(query: SealedQuery, { prefix }: SealedDatabase): Promise<SealedKey | undefined> {
  const [row] = await query<[string, string]>(`select id, record from ${prefix}gallery_key`);
  return row && { id: row[0], record: row[1] };
}

async function keep(
  query: SealedQuery,
  { prefix }: SealedDatabase,
  { id, record }: SealedKey,
): Promise<void> {
  await query(`insert into ${prefix}gallery_key (one, id, record) values (1, $1, $2)`, [id, record]);
}

/** What is not there afterwards would be lost with the tables that it came from. */
function checkMoved({ status, id }: EnrollOutcome, { location }: SealedDatabase): void {
  if (status === 'enrolled') return;
  throw new InputError(`${location}: sample ${id} is there twice; nothing was changed`);
}
