// How a gallery lies in IndexedDB: stores, indexes, and what is found by them within one transaction.
import type { CollectionRecord, Sample } from '../../../src/faces/gallery/types.js';
import { done, eachKey } from '../idb-requests.js';

/** A sample without its crop, which lies under the same number in a store of its own. */
export interface Row extends Omit<Sample, 'crop'> {
  readonly seq: number;
  readonly collection: string;
}

export const COLLECTIONS = 'collections';
export const SAMPLES = 'samples';
export const CROPS = 'crops';

/** Indexes of the samples; each begins with the collection. */
const INDEXES = {
  order: { keys: ['collection', 'seq'], unique: true },
  id: { keys: ['collection', 'id'], unique: true },
  crop: { keys: ['collection', 'cropHash'], unique: true },
  person: { keys: ['collection', 'person'], unique: false },
  ofPerson: { keys: ['collection', 'person', 'seq'], unique: true },
} as const;

/** Makes the stores of a new database. */
export function upgrade(database: IDBDatabase): void {
  database.createObjectStore(COLLECTIONS, { keyPath: 'name' });
  database.createObjectStore(CROPS);
  const samples = database.createObjectStore(SAMPLES, { keyPath: 'seq', autoIncrement: true });
  for (const [name, { keys, unique }] of Object.entries(INDEXES))
    samples.createIndex(name, [...keys], { unique });
}

/** An index of the samples. */
export function index(t: IDBTransaction, name: keyof typeof INDEXES): IDBIndex {
  return t.objectStore(SAMPLES).index(name);
}

/** Every key that begins so: an array sorts behind all numbers and texts. */
export function within(...prefix: string[]): IDBKeyRange {
  return IDBKeyRange.bound(prefix, [...prefix, []]);
}

/** A collection, undefined where there is none. */
export function recordOf(t: IDBTransaction, name: string): Promise<CollectionRecord | undefined> {
  return done(t.objectStore(COLLECTIONS).get(name) as IDBRequest<CollectionRecord | undefined>);
}

/** The samples of a person. */
export function rowsOf(t: IDBTransaction, collection: string, person: string): Promise<Row[]> {
  return done(index(t, 'person').getAll([collection, person]) as IDBRequest<Row[]>);
}

/** Names of the people of a collection, each once, in no order that is promised. */
export async function peopleOf(t: IDBTransaction, collection: string): Promise<string[]> {
  const names: string[] = [];
  await eachKey(index(t, 'person').openKeyCursor(within(collection), 'nextunique'), ({ key }) => {
    names.push((key as [string, string])[1]);
  });
  return names;
}

/** Removes samples with their crops. */
export async function remove(t: IDBTransaction, keys: readonly IDBValidKey[]): Promise<void> {
  for (const key of keys) {
    await done(t.objectStore(SAMPLES).delete(key));
    await done(t.objectStore(CROPS).delete(key));
  }
}
