// The encrypted store in a file: it does what the others do, and its file tells nothing.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { LibsqlDatabase } from '../../../harness/node/gallery/libsql-database.js';
import { openGalleryFile } from '../../../harness/node/gallery/libsql-store.js';
import {
  changePassphrase,
  decryptGallery,
  encryptGallery,
  isEncrypted,
} from '../../../harness/node/gallery/sealed/convert.js';
import { SealedFile } from '../../../harness/node/gallery/sealed/file.js';
import { InputError } from '../../../src/base/errors.js';
import type { GalleryStore, NewSample } from '../../../src/faces/index.js';
import { bundleOf, start } from './child.js';
import { conforms } from './conformance.js';
import { CONTRACT, collect, direction, OTHER, sampleOf } from './samples.js';

const folder = mkdtempSync(join(tmpdir(), 'facet-sealed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const fresh = () => join(folder, `${++files}.db`);

/** A passphrase takes some tenths of a second of the processor; a busy machine many times that. */
const SLOW = { timeout: 300_000 };
const WORDS = 'correct horse battery staple';
const OTHER_WORDS = 'a quite different passphrase';

conforms(() => openGalleryFile(fresh(), { passphrase: WORDS }));

const NAME = 'Hidden-Person-Qx7';
const CROP = Uint8Array.from({ length: 200 }, (_, i) => (i * 37 + 11) & 255);
const SAMPLES: NewSample[] = Array.from({ length: 40 }, (_, i) =>
  sampleOf(i % 3 ? NAME : `Other-Person-${i}`, i, {
    id: `hidden-id-${i}`,
    source: `clinic-7/${i}.jpg`,
    time: '2026-01-02T03:04:05.000Z',
    quality: { remark: 'Hidden-Quality' },
    crop: CROP,
  }),
);

/** What of the samples is found in a gallery's file, its log and its index. */
function traces(path: string): string[] {
  const patterns: [string, Buffer][] = [
    ['name', Buffer.from(NAME)],
    ['source', Buffer.from('clinic-7')],
    ['id', Buffer.from('hidden-id')],
    ['quality', Buffer.from('Hidden-Quality')],
    ['time', Buffer.from('2026-01-02T')],
    ['collection', Buffer.from('Hidden-Collection')],
    ['net', Buffer.from(CONTRACT.net)],
    ['crop', Buffer.from(CROP.subarray(20, 36))],
    ['passphrase', Buffer.from(WORDS)],
    ...SAMPLES.flatMap(({ embedding, cropHash }, i): [string, Buffer][] => {
      const bytes = Buffer.from(embedding.buffer);
      return [
        [`crop hash ${i}`, Buffer.from(cropHash, 'hex')],
        ...[0, 128, 256, 384, 496].map((at): [string, Buffer] => [
          `vector ${i} at ${at}`,
          bytes.subarray(at, at + 12),
        ]),
      ];
    }),
  ];
  return ['', '-wal', '-shm'].flatMap((end) => {
    if (!existsSync(path + end)) return [];
    const content = readFileSync(path + end);
    return patterns.filter(([, bytes]) => content.includes(bytes)).map(([what]) => what);
  });
}

async function fill(store: GalleryStore): Promise<string[]> {
  const c = await store.createCollection('Hidden-Collection', CONTRACT);
  await c.enroll(SAMPLES);
  await c.setThreshold(0.4, { kind: 'x', note: 'Hidden-Quality' });
  await store.createCollection('empty', OTHER);
  return collect(c.exportLines());
}

/** A gallery in clear with SAMPLES. */
async function inClear(): Promise<{ path: string; lines: string[] }> {
  const path = fresh();
  const store = await openGalleryFile(path);
  const lines = await fill(store);
  await store.close();
  return { path, lines };
}

async function contentOf(path: string, passphrase?: string): Promise<string[]> {
  const store = await openGalleryFile(path, passphrase === undefined ? {} : { passphrase });
  try {
    expect((await store.listCollections()).map(({ name }) => name)).toEqual(['Hidden-Collection', 'empty']);
    return await collect((await store.openCollection('Hidden-Collection')).exportLines());
  } finally {
    await store.close();
  }
}

async function withFile<T>(path: string, work: (file: SealedFile) => Promise<T>): Promise<T> {
  const file = new SealedFile(await LibsqlDatabase.open(path));
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message).not.toMatch(/\n|horse|different/);
  return message;
}

describe('what the file tells', SLOW, () => {
  it('is nothing of a name, a vector, a path or a collection, also while it is open', async () => {
    const path = fresh();
    const store = await openGalleryFile(path, { passphrase: WORDS });
    const lines = await fill(store);
    expect(traces(path)).toEqual([]);
    await store.close();
    expect(traces(path)).toEqual([]);
    expect(await contentOf(path, WORDS)).toEqual(lines);
    // The search for traces finds them where they are.
    const clear = await inClear();
    expect(traces(clear.path).length).toBeGreaterThan(6 * SAMPLES.length);
  });

  it('is nothing of equal names in two collections, nor of how long a name is', async () => {
    const path = fresh();
    const store = await openGalleryFile(path, { passphrase: WORDS });
    for (const name of ['a', 'b']) {
      const c = await store.createCollection(name, CONTRACT);
      await c.enroll([sampleOf('Ann', 1, { id: 'same' }), sampleOf('x'.repeat(50), 2)]);
    }
    await store.close();
    const db = await LibsqlDatabase.open(path);
    const columns = db.query<[Buffer, Buffer]>('select tag, name from sealed_person');
    expect(new Set(columns.map(([tag]) => tag.toString('hex'))).size).toBe(4);
    expect(new Set(columns.map(([, name]) => name.length)).size).toBe(1);
    const tags = db.query<[Buffer]>(
      'select id_tag from sealed_sample union select crop_tag from sealed_sample',
    );
    expect(tags).toHaveLength(8);
    db.close();
  });
});

describe('a passphrase', SLOW, () => {
  it('is needed, must be the right one, and is not for a gallery in clear', async () => {
    const { path } = await inClear();
    expect(await refusal(openGalleryFile(path, { passphrase: WORDS }))).toBe(
      `${path}: a passphrase is given, and the gallery is not encrypted; facet face encrypt encrypts it`,
    );
    // One that would be asked for is not.
    const ask = () => Promise.reject(new Error('was asked'));
    await (await openGalleryFile(path, { passphrase: ask })).close();
    await withFile(path, (file) => encryptGallery(file, WORDS));
    expect(await refusal(openGalleryFile(path))).toContain('the gallery is encrypted: give its passphrase');
    expect(await refusal(openGalleryFile(path, { passphrase: OTHER_WORDS }))).toBe(
      `${path}: the passphrase is not that of this gallery`,
    );
    const asked = await openGalleryFile(path, { passphrase: async () => WORDS });
    expect((await asked.listCollections()).length).toBe(2);
    await asked.close();
    expect(await refusal(openGalleryFile(fresh(), { passphrase: 'too short' }))).toBe(
      'the passphrase must have at least 12 characters, it has 9',
    );
  });

  it("counts in Unicode's composed form, however it was typed", async () => {
    const path = fresh();
    await (await openGalleryFile(path, { passphrase: 'Größenwahnsinn 7' })).close();
    await (await openGalleryFile(path, { passphrase: 'Gro\u0308\u00dfenwahnsinn 7' })).close();
  });

  it('is changed, and the old one opens nothing any more', async () => {
    const { path, lines } = await inClear();
    await withFile(path, (file) => encryptGallery(file, WORDS));
    const before = await withFile(path, keyRecord);
    expect(await refusal(withFile(path, (file) => changePassphrase(file, OTHER_WORDS, WORDS)))).toContain(
      'not that of this gallery',
    );
    await withFile(path, (file) => changePassphrase(file, WORDS, OTHER_WORDS));
    expect(await contentOf(path, OTHER_WORDS)).toEqual(lines);
    expect(await refusal(openGalleryFile(path, { passphrase: WORDS }))).toContain('not that of this gallery');
    // The key under the old one is wiped: with it this file would open.
    expect(readFileSync(path).includes((JSON.parse(before) as { key: string }).key)).toBe(false);
  });
});

const keyRecord = (file: SealedFile) =>
  file.read(async (query) => (await query<[string]>('select record from gallery_key'))[0]![0]);

describe('converting', SLOW, () => {
  it('brings everything over, wipes what was in clear, and back', async () => {
    const { path, lines } = await inClear();
    expect(await withFile(path, (file) => encryptGallery(file, WORDS))).toEqual({
      collections: 2,
      samples: 40,
    });
    expect(traces(path)).toEqual([]);
    expect(await withFile(path, isEncrypted)).toBe(true);
    expect(await contentOf(path, WORDS)).toEqual(lines);
    expect(await refusal(withFile(path, (file) => encryptGallery(file, OTHER_WORDS)))).toContain('already');
    expect(await refusal(withFile(path, (file) => decryptGallery(file, OTHER_WORDS)))).toContain(
      'not that of this gallery',
    );
    expect(await withFile(path, (file) => decryptGallery(file, WORDS))).toEqual({
      collections: 2,
      samples: 40,
    });
    expect(await contentOf(path)).toEqual(lines);
    expect(await refusal(withFile(path, (file) => decryptGallery(file, WORDS)))).toBe(
      `${path}: the gallery is not encrypted`,
    );
  });

  it('is met by stores that were open before', async () => {
    const { path } = await inClear();
    const clear = await openGalleryFile(path);
    await withFile(path, (file) => encryptGallery(file, WORDS));
    expect(await refusal(clear.createCollection('new', CONTRACT))).toContain('has been encrypted');
    expect(await refusal(clear.openCollection('Hidden-Collection'))).toContain('there is no collection');
    await clear.close();
    const sealed = await openGalleryFile(path, { passphrase: WORDS });
    const c = await sealed.openCollection('Hidden-Collection', CONTRACT);
    await withFile(path, (file) => decryptGallery(file, WORDS));
    expect(await refusal(c.enroll([sampleOf('Ann', 900)]))).toContain('decrypted by another program');
    await withFile(path, (file) => encryptGallery(file, WORDS));
    expect(await refusal(c.search(direction(1), 1))).toContain('encrypted anew by another program');
    await sealed.close();
  });

  it('that is killed leaves the gallery whole, as it was or as it was to be', {
    timeout: 600_000,
  }, async () => {
    const path = fresh();
    const store = await openGalleryFile(path);
    const c = await store.createCollection('people', CONTRACT);
    await c.enroll(Array.from({ length: 3000 }, (_, i) => sampleOf(`p${i % 400}`, i, { id: `${i}` })));
    const lines = await collect(c.exportLines());
    await store.close();
    const converter = await bundleOf('converter.ts');
    for (let round = 0; round < 12; round++) {
      const { process, ended } = start(converter, [path, WORDS]);
      await Promise.race([new Promise((begun) => process.stdout!.once('data', begun)), ended]);
      // From the first rows to the wiping behind the last.
      await sleep(70 * round * Math.random());
      process.kill('SIGKILL');
      const { signal, stdout, stderr } = await ended;
      expect(stderr).toBe('');
      expect([signal, stdout.slice(0, 6)]).toEqual(['SIGKILL', 'begun\n']);
      const sealed = await withFile(path, isEncrypted);
      const again = await openGalleryFile(path, sealed ? { passphrase: WORDS } : {});
      expect(await collect((await again.openCollection('people')).exportLines())).toEqual(lines);
      await again.close();
    }
  });
});

describe('rows that somebody changed without the key', SLOW, () => {
  it('do not open: exchanged vectors, moved people, a record of another cost', async () => {
    const path = fresh();
    const store = await openGalleryFile(path, { passphrase: WORDS });
    const c = await store.createCollection('people', CONTRACT);
    await c.enroll([sampleOf('Ann', 1), sampleOf('Bob', 2)]);
    const db = await LibsqlDatabase.open(path);
    const [[one], [two]] = db.query<[Buffer]>('select vector from sealed_sample order by seq') as [
      [Buffer],
      [Buffer],
    ];
    const put = (seq: number, vector: Buffer) =>
      db.run('update sealed_sample set vector = ? where seq = ?', [vector, seq]);
    put(1, two);
    put(2, one);
    const changed = 'a sample of the encrypted gallery is damaged, or was moved or changed without its key';
    expect(await refusal(c.search(direction(1), 1))).toBe(`${path}: ${changed}`);
    put(1, one);
    put(2, two);
    expect((await c.search(direction(1), 1))[0]).toMatchObject({ person: 'Ann', distance: 0 });
    // Ann's picture under Bob's name.
    db.run(
      'update sealed_sample set person = (select person from sealed_sample where seq = 2) where seq = 1',
    );
    expect(await refusal(c.search(direction(1), 1))).toBe(`${path}: ${changed}`);
    const [[text]] = db.query<[string]>('select record from gallery_key') as [[string]];
    for (const [from, to] of [
      ['"N":131072', '"N":65536'],
      ['"N":131072', '"N":2'],
      ['"version":1', '"version":2'],
    ] as const) {
      db.run('update gallery_key set record = ?', [text.replace(from, to)]);
      expect(await refusal(openGalleryFile(path, { passphrase: WORDS }))).toMatch(
        /passphrase is not that|record of the gallery's key is damaged/,
      );
    }
    db.close();
    await store.close();
  });
});
