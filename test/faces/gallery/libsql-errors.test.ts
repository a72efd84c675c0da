// What can be in the way of a gallery's file, each told in one line that begins with the path; nothing is lost.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LibsqlDatabase } from '../../../harness/node/gallery/libsql-database.js';
import { LibsqlBackend, openGalleryFile } from '../../../harness/node/gallery/libsql-store.js';
import { InputError } from '../../../src/base/errors.js';
import { GalleryStore } from '../../../src/faces/index.js';
import { CONTRACT, direction, sampleOf, sha256 } from './samples.js';

const folder = mkdtempSync(join(tmpdir(), 'facet-gallery-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const fresh = () => join(folder, `${++files}.db`);

/** The message of the InputError that `work` rejects with, without the path that it must begin with. */
async function refusal(path: string, work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message).not.toContain('\n');
  expect(message.slice(0, path.length + 2)).toBe(`${path}: `);
  return message.slice(path.length + 2);
}

/** A gallery with one sample. */
async function made(): Promise<string> {
  const path = fresh();
  const store = await openGalleryFile(path);
  await (await store.createCollection('people', CONTRACT)).enroll([sampleOf('Ann', 1)]);
  await store.close();
  return path;
}

/** Runs `work` without root's rights, for which no file is read-only. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid!(65534);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
  }
}

describe('opening', () => {
  it('a folder, a missing folder, a missing file', async () => {
    expect(await refusal(folder, openGalleryFile(folder))).toBe('is a folder, a gallery is one file');
    const lost = join(folder, 'no', 'such', 'x.db');
    expect(await refusal(lost, openGalleryFile(lost))).toMatch(/^the folder .*such does not exist/);
    const path = fresh();
    expect(await refusal(path, openGalleryFile(path, { create: false }))).toBe('there is no gallery');
    const through = join(await made(), 'x.db');
    expect(await refusal(through, openGalleryFile(through))).toMatch(/not a folder/);
  });

  it('a file of another kind, which stays as it is', async () => {
    const path = fresh();
    writeFileSync(path, 'name,embedding\n'.repeat(1000));
    expect(await refusal(path, openGalleryFile(path))).toBe(
      'is no gallery: the file is not a SQLite database',
    );
    expect(readFileSync(path, 'utf8')).toBe('name,embedding\n'.repeat(1000));
  });

  it("another program's database", async () => {
    const path = fresh();
    const { default: Database } = await import('libsql');
    const db = new Database(path);
    db.exec('create table songs (title text)');
    db.close();
    expect(await refusal(path, openGalleryFile(path))).toBe(
      'is no gallery: the database belongs to another program',
    );
  });

  it('a newer schema', async () => {
    const path = await made();
    const db = await LibsqlDatabase.open(path);
    db.run('insert into migration values (?, ?)', [3, 'later']);
    db.close();
    expect(await refusal(path, openGalleryFile(path))).toBe(
      'the gallery has schema 3, this program knows up to 2; update facet',
    );
  });

  it('a damaged file', async () => {
    const path = await made();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xa5, 100));
    expect(await refusal(path, openGalleryFile(path))).toMatch(/^the file is damaged \(SQLITE_CORRUPT/);
  });

  it('a read-only file, a read-only folder', async () => {
    chmodSync(folder, 0o755);
    const path = await made();
    chmodSync(path, 0o444);
    expect(
      await refusal(
        path,
        asNobody(() => openGalleryFile(path)),
      ),
    ).toMatch(/^may not be accessed \(permission denied\); a gallery must be readable and writable$/);
    const inside = join(folder, 'sealed');
    mkdirSync(inside);
    chmodSync(inside, 0o555);
    const sealed = join(inside, 'x.db');
    expect(
      await refusal(
        sealed,
        asNobody(() => openGalleryFile(sealed)),
      ),
    ).toMatch(/permission denied/);
  });
});

describe('writing', () => {
  it('to a gallery that became read-only', async () => {
    const path = await made();
    const db = await LibsqlDatabase.open(path);
    const store = new GalleryStore(new LibsqlBackend(db));
    const c = await store.openCollection('people', CONTRACT);
    db.exec('pragma query_only = on');
    expect(await refusal(path, c.enroll([sampleOf('Ann', 2)]))).toBe('the gallery cannot be written');
    expect((await c.search(direction(1), 1))[0]).toMatchObject({ person: 'Ann', distance: 0 });
    await store.close();
  });

  it('to a full disk changes nothing, and works again when there is room', async () => {
    const path = await made();
    const db = await LibsqlDatabase.open(path);
    const store = new GalleryStore(new LibsqlBackend(db));
    const c = await store.openCollection('people', CONTRACT);
    // SQLite's own limit gives the error that a full disk gives.
    const [pages] = db.query<[number]>('pragma page_count');
    db.query(`pragma max_page_count = ${pages![0] + 2}`);
    const many = Array.from({ length: 100 }, (_, i) => sampleOf('Bob', 10 + i));
    expect(await refusal(path, c.enroll(many))).toBe('the disk is full; nothing was changed');
    expect(await c.facts()).toMatchObject({ people: 1, samples: 1 });
    db.query('pragma max_page_count = 1000000');
    expect(await c.enroll(many)).toHaveLength(100);
    await store.close();
  });

  it('while another program writes for too long', async () => {
    const path = await made();
    const other = await LibsqlDatabase.open(path);
    const store = await openGalleryFile(path, { busyTimeout: 100 });
    const c = await store.openCollection('people', CONTRACT);
    other.exec('begin immediate');
    const busy = 'another program has been writing to the gallery for 0.1 s; try again when it is done';
    expect(await refusal(path, c.enroll([sampleOf('Bob', 2)]))).toBe(busy);
    expect(await refusal(path, c.removePerson('Ann'))).toBe(busy);
    // Reading goes on meanwhile, and so does opening.
    expect((await c.people()).items).toEqual([{ name: 'Ann', samples: 1 }]);
    await (await openGalleryFile(path, { busyTimeout: 100 })).close();
    other.exec('rollback');
    expect(await c.enroll([sampleOf('Bob', 2)])).toMatchObject([{ status: 'enrolled' }]);
    other.close();
    await store.close();
  });

  it('a blob alone does not end the process', async () => {
    const db = await LibsqlDatabase.open(await made());
    const hash = Buffer.from(sha256('crop 1'), 'hex');
    expect(db.query('select count(*) from sample where crop_hash = ?', [hash])).toEqual([[1]]);
    db.close();
  });

  it('to a gallery that is closed is a bug, and told', async () => {
    const store = await openGalleryFile(await made());
    await store.close();
    await store.close();
    await expect(store.listCollections()).rejects.toThrow('not open');
  });
});
