// The browser's gallery on an implementation of IndexedDB in memory.
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { expect, it } from 'vitest';
import { browserGallery } from '../../../harness/web/gallery/indexed-db.js';
import { InputError } from '../../../src/base/errors.js';
import { conforms } from './conformance.js';
import { CONTRACT, direction, sampleOf } from './samples.js';

globalThis.IDBKeyRange = IDBKeyRange;

conforms(async () => browserGallery('test', new IDBFactory()));

it('is there again for the next visit, crops and all', async () => {
  const factory = new IDBFactory();
  const first = browserGallery('kept', factory);
  const crop = Uint8Array.of(1, 2, 3);
  const c = await first.createCollection('people', CONTRACT);
  await c.enroll([sampleOf('Ann', 1, { crop }), sampleOf('Bob', 2)]);
  await first.close();
  const again = await browserGallery('kept', factory).openCollection('people', CONTRACT);
  const { items } = await again.samples();
  expect(items.map((sample) => sample.crop)).toEqual([crop, null]);
  expect(items[0]!.embedding).toEqual(direction(1));
});

it('says where the browser keeps nothing', async () => {
  const store = browserGallery('none');
  const error = await store.listCollections().catch((e: unknown) => e);
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).message).toMatch(
    /^gallery none of this browser: this browser has no IndexedDB/,
  );
});
