// The face verbs of two services on one PostgreSQL with pgvector (PGlite, which is PostgreSQL in WebAssembly): what one
// enrols the other names; nothing is kept beside the database, also where its gallery is encrypted.
import { existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encryptGallery } from '../../harness/node/gallery/sealed/convert.js';
import { openSealedPostgres } from '../../harness/node/gallery/sealed/postgres.js';
import { type Service, type ServiceOptions, startService } from '../../harness/serve/service.js';
import { scratchFolder } from './database.js';
import { form } from './shared.js';

const PASSPHRASE = 'correct horse battery staple';
let db: PGlite;
let server: PGLiteSocketServer;
let database: string;
const folders: string[] = [];
const services: Service[] = [];

// WebAssembly takes its time on a busy machine.
beforeAll(async () => {
  db = await PGlite.create({ extensions: { vector } });
  server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1', maxConnections: 16 });
  await server.start();
  database = `postgres://postgres:x@127.0.0.1:${server.getServerConn().split(':').pop()}/postgres`;
}, 300_000);
afterAll(async () => {
  for (const service of services) await service.stop();
  await server?.stop();
  await db?.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function start(more: Partial<ServiceOptions> = {}): Promise<string> {
  const folder = scratchFolder();
  folders.push(folder);
  const service = await startService({
    ...{ host: '127.0.0.1', port: 0, folder, database, work: false, precision: 'f32', log() {} },
    // A busy machine without a GPU takes its time.
    limits: { requestSeconds: 600 },
    ...more,
  });
  services.push(service);
  return service.url;
}

it('are shared by the services, and kept in the database alone', { timeout: 900_000 }, async () => {
  const picture = join(
    dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
    'demo',
    'sample6.jpg',
  );
  const cut = () => sharp(picture).extract({ left: 90, top: 420, width: 480, height: 480 });
  const ann = await cut().resize(200).png().toBuffer();
  const again = await cut().resize(180).modulate({ brightness: 0.9 }).png().toBuffer();
  const post = async (url: string, verb: string, parts: Parameters<typeof form>[0]) => {
    const response = await fetch(`${url}/v1/faces/${verb}`, { method: 'POST', body: form(parts) });
    return (await response.json()) as Record<string, unknown>;
  };
  const known = { faces: [{ person: 'Ann Example' }] };
  const [one, two] = [await start(), await start()];
  expect(await post(one, 'enroll', { pictures: ann, options: { name: 'Ann Example' } })).toMatchObject({
    pictures: [{ status: 'enrolled' }],
  });
  expect(await post(two, 'enroll', { pictures: ann, options: { name: 'Bea' } })).toMatchObject({
    pictures: [{ status: 'duplicate', known: 'Ann Example' }],
  });
  expect(await post(two, 'identify', { picture: again })).toMatchObject(known);
  expect(await post(two, 'verify', { a: ann, b: again, options: { collection: 'people' } })).toMatchObject({
    same: true,
  });
  const rows = async (sql: string) => (await db.query<Record<string, unknown>>(sql)).rows;
  expect(await rows('select name from facet.person')).toEqual([{ name: 'Ann Example' }]);
  const [index] = await rows("select indexdef from pg_indexes where indexname = 'sample_near_1'");
  expect(index!.indexdef).toContain('USING hnsw');

  const gallery = await openSealedPostgres(database);
  expect(await encryptGallery(gallery, PASSPHRASE)).toEqual({ collections: 1, samples: 1 });
  await gallery.close();
  expect(await rows('select * from facet.person')).toEqual([]);
  // Who was there before finds nobody and is told so when it would add somebody.
  expect(await post(one, 'identify', { picture: again })).toHaveProperty('error');
  expect(await post(one, 'enroll', { pictures: ann, options: { name: 'Ann' } })).toMatchObject({
    error: { message: expect.stringContaining('has been encrypted by another program') },
  });
  await expect(start({ passphrase: 'a quite different passphrase' })).rejects.toThrow('is not that of');
  const three = await start({ passphrase: PASSPHRASE });
  expect(await post(three, 'identify', { picture: again })).toMatchObject(known);
  const people = `${three}/v1/collections/people/people`;
  await fetch(`${people}/Ann%20Example`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"Anna"}',
  });
  expect(await (await fetch(people)).json()).toEqual({ people: [{ name: 'Anna', samples: 1 }], next: null });
  expect(await (await fetch(`${people}/Anna`, { method: 'DELETE' })).json()).toEqual({ samples: 1 });
  expect(await rows('select seq from facet.sealed_sample')).toEqual([]);
  for (const folder of folders) expect(existsSync(join(folder, 'faces.db'))).toBe(false);
});
