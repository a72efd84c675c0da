// The embedded store: one file that survives crashes, serves several programs, and forgets what is removed.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LibsqlDatabase } from '../../../harness/node/gallery/libsql-database.js';
import { openGalleryFile } from '../../../harness/node/gallery/libsql-store.js';
import type { NewSample } from '../../../src/faces/index.js';
import { bundleOf, start } from './child.js';
import { conforms } from './conformance.js';
import { bruteDistance, CONTRACT, collect, direction, OTHER, sampleOf, sha256 } from './samples.js';

const folder = mkdtempSync(join(tmpdir(), 'facet-gallery-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const fresh = () => join(folder, `${++files}.db`);

conforms(() => openGalleryFile(fresh()));

/** The ids in the collection `people`, after the file was found whole. */
async function idsIn(path: string): Promise<Set<string>> {
  const db = await LibsqlDatabase.open(path);
  expect(db.query('pragma integrity_check')).toEqual([['ok']]);
  expect(db.query('pragma foreign_key_check')).toEqual([]);
  db.close();
  const store = await openGalleryFile(path);
  const pages = await collect((await store.openCollection('people', CONTRACT)).vectors());
  await store.close();
  return new Set(pages.flatMap(({ ids }) => ids));
}

/** The whole lines of a program's output but for `ready`. */
const acknowledged = (stdout: string) =>
  stdout
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== 'ready');

describe('several programs', () => {
  let enroller: string;
  beforeAll(async () => {
    enroller = await bundleOf('enroller.ts');
  });

  // Twenty starts of Node; a busy machine takes its time.
  it('killed at random moments lose no acknowledged sample', { timeout: 240_000 }, async () => {
    const path = fresh();
    const ids: string[] = [];
    // Ten times two at once, so that the survivor also meets what the other left; each with crops of its own.
    for (let round = 0; round < 10; round++) {
      const both = [0, 1].map(async (which) => {
        const first = `${(2 * round + which) * 100_000}`;
        const { process, ended } = start(enroller, [path, `person ${which}`, '100000', first]);
        // From before the store is open to the middle of some commit: by lines, of which a slow disk gives few in a time.
        const lines = Math.floor(1 + 8 * Math.random());
        const hasPrinted = new Promise<void>((done) => {
          let count = 0;
          process.stdout!.on('data', (text: string) => {
            count += text.split('\n').length - 1;
            if (count >= lines) done();
          });
        });
        await (Math.random() < 0.15 ? sleep(500 * Math.random()) : Promise.race([hasPrinted, ended]));
        await sleep(20 * Math.random());
        process.kill('SIGKILL');
        const { signal, stdout, stderr } = await ended;
        expect(stderr).toBe('');
        expect(signal).toBe('SIGKILL');
        ids.push(...acknowledged(stdout));
      });
      await Promise.all(both);
    }
    const found = await idsIn(path);
    expect(ids.length).toBeGreaterThan(20);
    expect(ids.filter((id) => !found.has(id))).toEqual([]);
    // What was committed but not yet printed may be there too: at most one sample of each program.
    expect(found.size).toBeLessThanOrEqual(ids.length + 20);
  });

  it('may enrol at once', async () => {
    const path = fresh();
    const both = ['Ann', 'Bob'].map(
      (person, i) => start(enroller, [path, person, '150', `${1000 * i}`]).ended,
    );
    const [a, b] = await Promise.all(both);
    expect([a!.stderr, b!.stderr, a!.code, b!.code]).toEqual(['', '', 0, 0]);
    const ids = [...acknowledged(a!.stdout), ...acknowledged(b!.stdout)];
    expect(ids).toHaveLength(300);
    expect(await idsIn(path)).toEqual(new Set(ids));
    const store = await openGalleryFile(path);
    expect((await (await store.openCollection('people')).people()).items).toEqual([
      { name: 'Ann', samples: 150 },
      { name: 'Bob', samples: 150 },
    ]);
    await store.close();
  });
});

describe('what is removed', () => {
  const NAME = 'Removed-Person-Qx7';
  /** Where bytes of the sample or its person are found, in file, log and index. */
  function traces(path: string, sample: NewSample): string[] {
    const bytes = Buffer.from(sample.embedding.buffer);
    const patterns: [string, Buffer][] = [
      ['name', Buffer.from(sample.person)],
      ['source', Buffer.from(sample.source)],
      ['id', Buffer.from(sample.id ?? sample.source)],
      ['crop hash', Buffer.from(sample.cropHash, 'hex')],
      // Pieces: a vector that is half overwritten is a trace too.
      ...[0, 128, 256, 384, 496].map((at): [string, Buffer] => [
        `vector at ${at}`,
        bytes.subarray(at, at + 16),
      ]),
    ];
    return ['', '-wal', '-shm'].flatMap((end) => {
      if (!existsSync(path + end)) return [];
      const content = readFileSync(path + end);
      return patterns
        .filter(([, pattern]) => content.includes(pattern))
        .map(([what]) => `${what} in ${end || 'file'}`);
    });
  }

  /** A store whose pages were split many times, with the person's samples all over it. */
  async function crowded(path: string) {
    const store = await openGalleryFile(path);
    const c = await store.createCollection('people', CONTRACT);
    const theirs: NewSample[] = [];
    for (let block = 0; block < 6; block++) {
      // Names in an order that has the index of names split its pages in the middle.
      const others = Array.from({ length: 150 }, (_, i) =>
        sampleOf(`${NAME.slice(0, 8)}${sha256(`${block} ${i}`).slice(0, 20)}`, 1000 * block + i),
      );
      const one = sampleOf(NAME, 1000 * block + 999, {
        id: `removed-id-${block}`,
        source: `removed/${block}.jpg`,
      });
      theirs.push(one);
      await c.enroll([...others, one]);
    }
    return { store, c, theirs };
  }

  it('leaves no trace in file, log or index: a person', async () => {
    const path = fresh();
    const { store, c, theirs } = await crowded(path);
    // The search does find what is there.
    for (const sample of theirs) expect(traces(path, sample).length).toBeGreaterThanOrEqual(9);
    await c.removePerson(NAME);
    expect(theirs.flatMap((sample) => traces(path, sample))).toEqual([]);
    expect((await c.facts()).samples).toBe(900);
    await store.close();
    expect(theirs.flatMap((sample) => traces(path, sample))).toEqual([]);
  });

  it('leaves no trace: one sample, an old name, an old embedding, a collection', async () => {
    const path = fresh();
    const { store, c, theirs } = await crowded(path);
    await c.removeSample('removed-id-3');
    expect(traces(path, theirs[3]!)).toEqual(['name in file']);
    await c.rename(NAME, 'Another');
    expect(
      theirs.flatMap((sample) => traces(path, sample)).filter((trace) => trace.startsWith('name')),
    ).toEqual([]);
    const ids = (await collect(c.vectors())).flatMap((page) => page.ids);
    await c.reembed(OTHER, new Map(ids.map((id, i) => [id, direction(50_000 + i)])));
    expect(
      theirs.flatMap((sample) => traces(path, sample)).filter((trace) => trace.startsWith('vector')),
    ).toEqual([]);
    await store.deleteCollection('people');
    expect(theirs.flatMap((sample) => traces(path, sample))).toEqual([]);
    await store.close();
  });

  it('is wiped at the next opening where a reader or a crash was in the way', async () => {
    const path = fresh();
    const { store, theirs } = await crowded(path);
    await store.close();
    const reader = await LibsqlDatabase.open(path);
    reader.exec('begin');
    reader.query('select count(*) from sample');
    const impatient = await openGalleryFile(path, { busyTimeout: 100 });
    const c = await impatient.openCollection('people');
    await expect(c.removePerson(NAME)).rejects.toThrow(
      /"Removed-Person-Qx7" is removed, but traces stay in the file until it is opened next: .*another program has been reading the gallery for 0\.1 s$/,
    );
    expect((await c.facts()).samples).toBe(900);
    expect(theirs.flatMap((sample) => traces(path, sample))).not.toEqual([]);
    reader.exec('rollback');
    reader.close();
    await impatient.close();
    await (await openGalleryFile(path)).close();
    expect(theirs.flatMap((sample) => traces(path, sample))).toEqual([]);
  });
});

describe('ten thousand samples', () => {
  it('are searched as by brute force', async () => {
    const store = await openGalleryFile(fresh());
    const c = await store.createCollection('people', CONTRACT);
    const vectors = Array.from({ length: 10_000 }, (_, i) => direction(i));
    await c.enroll(vectors.map((embedding, i) => sampleOf(`p${i % 3000}`, i, { id: `${i}`, embedding })));
    const snapshot = await c.snapshot();
    for (let probe = 0; probe < 3; probe++) {
      const query = direction(-1 - probe);
      const expected = vectors
        .map((vector, i) => ({ id: `${i}`, distance: bruteDistance(query, vector) }))
        .sort((a, b) => a.distance - b.distance)
        .slice(0, 20);
      for (const found of [await c.search(query, 20), await snapshot.search(query, 20)]) {
        expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
        // Two orders of adding 128 positive terms up to 4.
        found.forEach(({ distance }, i) => {
          expect(Math.abs(distance - expected[i]!.distance)).toBeLessThan(128 * 2 ** -53 * 4);
        });
      }
    }
    await store.close();
  });
});

it('a closed gallery is whole in its one file', async () => {
  const path = fresh();
  const store = await openGalleryFile(path);
  await (await store.createCollection('people', CONTRACT)).enroll([sampleOf('Ann', 1)]);
  await store.close();
  const copy = fresh();
  copyFileSync(path, copy);
  expect((await idsIn(copy)).size).toBe(1);
});

it('a new file is for its owner only', async () => {
  const path = fresh();
  await (await openGalleryFile(path)).close();
  expect(statSync(path).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600);
});
