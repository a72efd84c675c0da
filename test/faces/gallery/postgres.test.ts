// The store in PostgreSQL, over the wire against PGlite, which is PostgreSQL with pgvector in WebAssembly.
import { type AddressInfo, connect, createServer } from 'node:net';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGalleryDatabase } from '../../../harness/node/gallery/postgres-store.js';
import {
  changePassphrase,
  decryptGallery,
  encryptGallery,
} from '../../../harness/node/gallery/sealed/convert.js';
import { openSealedPostgres } from '../../../harness/node/gallery/sealed/postgres.js';
import { InputError } from '../../../src/base/errors.js';
import { conforms } from './conformance.js';
import { CONTRACT, collect, direction, sampleOf } from './samples.js';

let db: PGlite;
let server: PGLiteSocketServer;
let port: string;

async function listen(on = 0): Promise<void> {
  server = new PGLiteSocketServer({ db, port: on, host: '127.0.0.1', maxConnections: 8 });
  await server.start();
  port = server.getServerConn().split(':').pop()!;
}

/** The database behind a door that slams, once, when a statement with `text` goes through. */
async function slamming(text: string): Promise<{ url: string; close: () => void; slams: () => number }> {
  let slams = 0;
  const door = createServer((socket) => {
    const behind = connect(Number(port), '127.0.0.1');
    const end = () => {
      socket.destroy();
      behind.destroy();
    };
    for (const side of [socket, behind]) side.on('error', end).on('close', end);
    behind.pipe(socket);
    socket.on('data', (data) => {
      if (slams === 0 && data.includes(text)) {
        slams++;
        end();
      } else behind.write(data);
    });
  });
  await new Promise<void>((ready) => door.listen(0, '127.0.0.1', ready));
  const { port: own } = door.address() as AddressInfo;
  return {
    url: `postgres://postgres:s3cret@127.0.0.1:${own}/postgres`,
    close: () => door.close(),
    slams: () => slams,
  };
}

const url = (database = 'postgres') => `postgres://postgres:s3cret@127.0.0.1:${port}/${database}`;

// WebAssembly takes its time on a busy machine.
beforeAll(async () => {
  db = await PGlite.create({ extensions: { vector } });
  await listen();
}, 300_000);
afterAll(async () => {
  await server?.stop();
  await db?.close();
});

conforms(() => openGalleryDatabase(url()));
describe('encrypted', () => {
  const passphrase = 'correct horse battery staple';
  conforms(() => openGalleryDatabase(url(), { schema: 'sealed', passphrase }));

  /** The rows of all tables of a schema, as text. */
  async function dump(schema: string): Promise<string> {
    const { rows } = await db.query<{ t: string }>(
      `select table_name as t from information_schema.tables where table_schema = '${schema}'`,
    );
    const parts = [];
    for (const { t } of rows) {
      parts.push(JSON.stringify((await db.query(`select x::text from ${schema}.${t} x`)).rows));
    }
    return parts.join('\n');
  }

  it('is converted there and back, and its tables tell no name, path or number', {
    timeout: 240_000,
  }, async () => {
    const schema = 'converted';
    const store = await openGalleryDatabase(url(), { schema });
    const c = await store.createCollection('Hidden-Collection', CONTRACT);
    await c.enroll(Array.from({ length: 30 }, (_, i) => sampleOf(`Hidden-Person-${i % 4}`, i)));
    await c.setThreshold(0.3);
    const lines = await collect(c.exportLines());
    const telling = /Hidden|photos|0\.\d{4}|resnet/;
    expect(await dump(schema)).toMatch(telling);
    const place = await openSealedPostgres(url(), schema);
    expect(await encryptGallery(place, passphrase)).toEqual({ collections: 1, samples: 30 });
    expect(await dump(schema)).not.toMatch(telling);
    // Neither is it in a vector's bytes.
    const half = Buffer.from(direction(3).buffer).subarray(100, 116).toString('hex');
    expect(await dump(schema)).not.toContain(half);
    await expect(store.createCollection('new', CONTRACT)).rejects.toThrow('has been encrypted');
    await expect(openGalleryDatabase(url(), { schema })).rejects.toThrow('give its passphrase');
    await changePassphrase(place, passphrase, 'a quite different passphrase');
    await expect(openGalleryDatabase(url(), { schema, passphrase })).rejects.toThrow('is not that of');
    const sealed = await openGalleryDatabase(url(), { schema, passphrase: 'a quite different passphrase' });
    const hidden = await sealed.openCollection('Hidden-Collection', CONTRACT);
    expect(await collect(hidden.exportLines())).toEqual(lines);
    expect((await hidden.search(direction(3), 1))[0]).toMatchObject({
      person: 'Hidden-Person-3',
      distance: 0,
    });
    expect(await decryptGallery(place, 'a quite different passphrase')).toEqual({
      collections: 1,
      samples: 30,
    });
    await expect(hidden.enroll([sampleOf('Ann', 99)])).rejects.toThrow('decrypted by another program');
    expect(await collect((await store.openCollection('Hidden-Collection')).exportLines())).toEqual(lines);
    await Promise.all([store.close(), sealed.close(), place.close()]);
  });

  it('takes samples of several programs at once', async () => {
    const open = () => openGalleryDatabase(url(), { schema: 'sealed_shared', passphrase });
    // The first makes the key; two that made it at once would be told to try again.
    const stores = [await open(), await open(), await open()];
    await stores[0]!.createCollection('people', CONTRACT);
    const collections = await Promise.all(stores.map((store) => store.openCollection('people', CONTRACT)));
    const offers = collections.flatMap((c, which) =>
      Array.from({ length: 20 }, (_, i) => c.enroll([sampleOf(`p${i % 4}`, (20 * which + i) % 30)])),
    );
    const outcomes = (await Promise.all(offers)).flat();
    expect(outcomes.filter(({ status }) => status === 'enrolled')).toHaveLength(30);
    expect((await collections[0]!.people()).items.map(({ name }) => name)).toEqual(['p0', 'p1', 'p2', 'p3']);
    await Promise.all(stores.map((store) => store.close()));
  });
});

describe('search', () => {
  // PGlite builds an index of vectors slowly.
  it('uses the index, and is exact when asked', { timeout: 240_000 }, async () => {
    const store = await openGalleryDatabase(url(), { schema: 'near "x"' });
    const c = await store.createCollection('people', CONTRACT);
    await c.enroll(Array.from({ length: 2000 }, (_, i) => sampleOf(`p${i % 500}`, i)));
    // A server does this by itself after some time; PGlite does not.
    await db.exec('analyze');
    const snapshot = await c.snapshot();
    let found = 0;
    for (let probe = 0; probe < 10; probe++) {
      const query = direction(-1 - probe);
      const expected = await snapshot.search(query, 10);
      expect(await c.search(query, 10, { exact: true })).toEqual(expected);
      const ids = new Set(expected.map(({ id }) => id));
      found += (await c.search(query, 10)).filter(({ id }) => ids.has(id)).length;
      expect(await c.identify(query, { threshold: 4, exact: true })).toEqual(
        await snapshot.identify(query, { threshold: 4 }),
      );
    }
    // An approximate index may miss some: random directions are its hardest case. Nine of ten is far below chance.
    expect(found).toBeGreaterThan(90);
    const { rows } = await db.query<{ 'QUERY PLAN': string }>(
      `explain select id from "near ""x""".sample where collection = 1
       order by embedding <-> '[${direction(1).join(',')}]' limit 42`,
    );
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('sample_near_1');
    await store.deleteCollection('people');
    await store.close();
  });
});

describe('several programs', () => {
  it('may enrol, open and make collections at once', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => openGalleryDatabase(url(), { schema: 'shared' })));
    const made = await Promise.allSettled(stores.map((store) => store.createCollection('people', CONTRACT)));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const collections = await Promise.all(stores.map((store) => store.openCollection('people', CONTRACT)));
    // Every crop is offered by two of the three, so that each is enrolled once and a duplicate once.
    const offers = collections.flatMap((c, which) =>
      Array.from({ length: 30 }, (_, i) => c.enroll([sampleOf(`p${i % 4}`, (30 * which + i) % 45)])),
    );
    const outcomes = (await Promise.all(offers)).flat();
    expect(outcomes.filter(({ status }) => status === 'enrolled')).toHaveLength(45);
    const ids = new Set(outcomes.map(({ id }) => id));
    expect(new Set((await collections[0]!.snapshot()).page.ids)).toEqual(ids);
    await Promise.all(stores.map((store) => store.close()));
  });
});

describe('a lost connection', () => {
  it('in a transaction has it run again, once and whole', async () => {
    const door = await slamming('insert into "facet".sample');
    const store = await openGalleryDatabase(door.url);
    const c = await store.createCollection('slammed', CONTRACT);
    const outcomes = await c.enroll([sampleOf('Ann', 1), sampleOf('Bob', 2)]);
    expect(door.slams()).toBe(1);
    expect(outcomes.map(({ status }) => status)).toEqual(['enrolled', 'enrolled']);
    expect(await c.facts()).toMatchObject({ people: 2, samples: 2 });
    await store.close();
    door.close();
  });

  it('in a commit is told, since nobody knows', async () => {
    const made = await openGalleryDatabase(url());
    await made.createCollection('unknown', CONTRACT);
    await made.close();
    const door = await slamming('commit');
    // The first commit is the one of the schema's check.
    const message = await openGalleryDatabase(door.url).catch((e: Error) => e.message);
    expect(message).toMatch(
      /^postgresql:.*: the connection was lost while a change was committed, which may or may not/,
    );
    expect(door.slams()).toBe(1);
    const store = await openGalleryDatabase(door.url);
    const c = await store.openCollection('unknown', CONTRACT);
    expect(await c.enroll([sampleOf('Ann', 1)])).toMatchObject([{ status: 'enrolled' }]);
    await store.close();
    door.close();
  });

  it('is made again by the next transaction', async () => {
    const store = await openGalleryDatabase(url());
    const c = await store.createCollection('lost', CONTRACT);
    await c.enroll([sampleOf('Ann', 1)]);
    const same = Number(port);
    await server.stop();
    await listen(same);
    await c.enroll([sampleOf('Ann', 2)]);
    expect((await c.facts()).samples).toBe(2);
    await server.stop();
    const error = await c.facts().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toBe(
      `postgresql://127.0.0.1:${port}/postgres: no server answers there (connection refused)`,
    );
    await listen(same);
    expect((await c.facts()).samples).toBe(2);
    await store.close();
  });
});

describe('what is in the way is told in a line without the password', () => {
  async function refusal(work: Promise<unknown>): Promise<string> {
    const error = await work.then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(InputError);
    const { message } = error as InputError;
    expect(message).not.toMatch(/s3cret|\n/);
    return message;
  }

  it('no server, no host, no such form', async () => {
    expect(await refusal(openGalleryDatabase('postgres://u:s3cret@127.0.0.1:1/db'))).toBe(
      'postgresql://127.0.0.1:1/db: no server answers there (connection refused)',
    );
    expect(await refusal(openGalleryDatabase('postgres://u:s3cret@nowhere.invalid/db'))).toMatch(
      /^postgresql:\/\/nowhere\.invalid:5432\/db: the host (?:is not known|cannot be looked up now)$/,
    );
    for (const text of ['mysql://u:s3cret@h/db', 's3cret', 'postgres://u:s3cret@[/db']) {
      expect(await refusal(openGalleryDatabase(text))).toContain(
        'postgres://USER:PASSWORD@HOST:PORT/DATABASE',
      );
    }
    expect(await refusal(openGalleryDatabase(url(), { schema: '' }))).toContain('1 to 63 bytes');
  });

  it('no right to make the schema', async () => {
    // PGlite has one session for all connections.
    await db.exec('create role guest; set role guest');
    const message = await refusal(openGalleryDatabase(url(), { schema: 'guests' }));
    await db.exec('reset role');
    expect(message).toContain('the user may not do that (permission denied for database');
  });

  it('no pgvector on the server', async () => {
    const plain = await PGlite.create();
    const other = new PGLiteSocketServer({ db: plain, port: 0, host: '127.0.0.1' });
    await other.start();
    const at = `127.0.0.1:${other.getServerConn().split(':').pop()}/postgres`;
    expect(await refusal(openGalleryDatabase(`postgres://postgres:s3cret@${at}`))).toBe(
      `postgresql://${at}: the database needs pgvector (create extension vector), and the server does not have it`,
    );
    await other.stop();
    await plain.close();
  }, 300_000);

  it('a newer schema', async () => {
    await (await openGalleryDatabase(url(), { schema: 'newer' })).close();
    await db.exec("insert into newer.migration values (7, 'later')");
    expect(await refusal(openGalleryDatabase(url(), { schema: 'newer' }))).toContain(
      'has schema 7, this program knows up to 2',
    );
  });
});
