import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, expect, it } from 'vitest';
import { openGalleryFile } from '../../../harness/node/gallery/libsql-store.js';
import { openJobFile } from '../../../harness/serve/jobs/libsql-jobs.js';
import { InputError } from '../../../src/base/errors.js';
import { scratchFolder } from '../database.js';
import { conforms } from './conformance.js';

const folder = scratchFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let number = 0;

conforms(
  (options) => openJobFile(join(folder, `${number}.db`), options),
  async () => {
    number++;
  },
);

it('is readable by its owner only', async () => {
  const path = join(folder, 'mode.db');
  await (await openJobFile(path)).close();
  expect(statSync(path).mode & 0o077).toBe(0);
});

it('refuses files of others, and newer ones', async () => {
  const path = join(folder, 'gallery.db');
  await (await openGalleryFile(path)).close();
  await expect(openJobFile(path)).rejects.toThrow('is no job store: the database belongs to another program');
  writeFileSync(join(folder, 'text.db'), 'words that are no database at all');
  await expect(openJobFile(join(folder, 'text.db'))).rejects.toThrow(InputError);
  const newer = join(folder, 'newer.db');
  await (await openJobFile(newer)).close();
  const db = new Database(newer);
  db.exec('pragma user_version = 9');
  db.close();
  await expect(openJobFile(newer)).rejects.toThrow('has schema 9, this program knows up to 1; update facet');
});

it('a clock that jumps costs an attempt and no result', async () => {
  let now = 1e12;
  const store = await openJobFile(join(folder, 'clock.db'), { clock: () => now, lease: 1000, backoff: 0 });
  const { job } = await store.create({ spec: null, inputs: new Map() });
  const early = (await store.claim('a'))!.lease;
  now += 3600_000;
  await store.sweep();
  const late = (await store.claim('b'))!.lease;
  expect(late).toEqual({ id: job.id, attempt: 2 });
  // Back again: the lease of b lies an hour ahead, and still it is b's.
  now -= 7200_000;
  await store.sweep();
  expect(await store.claim('c')).toBeUndefined();
  expect(await store.complete(early, Uint8Array.of(1), null)).toBe(false);
  expect(await store.beat(late, { step: 1, total: 2 })).toBe('held');
  expect(await store.complete(late, Uint8Array.of(2), null)).toBe(true);
  expect([...(await store.result(job.id))!]).toEqual([2]);
  await store.close();
});

it('compiles no statement twice, however late it is', async () => {
  let now = 1e12;
  const path = join(folder, 'statements.db');
  const store = await openJobFile(path, { clock: () => now++, lease: 60_000 });
  const kept = () =>
    (Reflect.get(Reflect.get(Reflect.get(store, 'db'), 'db'), 'statements') as Map<string, unknown>).size;
  const round = async () => {
    await store.create({ spec: null, inputs: new Map() });
    const { lease } = (await store.claim('w'))!;
    await store.beat(lease, { step: 1, total: 2 });
    await store.checkpoint(lease, Uint8Array.of(1), { step: 1, total: 2 });
    await store.complete(lease, Uint8Array.of(1), null);
    await store.sweep();
  };
  await round();
  const first = kept();
  for (let i = 0; i < 20; i++) await round();
  expect(kept()).toBe(first);
  await store.close();
});
