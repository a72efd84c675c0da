// Galleries in an IndexedDB of the page's origin: collections, samples in the order of enrolment, crops apart from them.
import { InputError } from '../../../src/base/errors.js';
import type {
  GalleryBackend,
  InsertOptions,
  Slice,
  VectorSlice,
} from '../../../src/faces/gallery/backend.js';
import { checkCoverage, checkTarget, idTaken, type Target } from '../../../src/faces/gallery/checks.js';
import { compareText } from '../../../src/faces/gallery/distance.js';
import { GalleryStore } from '../../../src/faces/gallery/store.js';
import {
  type CollectionFacts,
  type CollectionRecord,
  DIMENSION,
  type EnrollOutcome,
  type ModelContract,
  type PersonFacts,
  type RenameOutcome,
  type Sample,
} from '../../../src/faces/gallery/types.js';
import { done, openDatabase, refused, transact } from '../idb-requests.js';
import {
  COLLECTIONS,
  CROPS,
  index,
  peopleOf,
  type Row,
  recordOf,
  remove,
  rowsOf,
  SAMPLES,
  upgrade,
  within,
} from './idb-rows.js';

/** The store of galleries `name`; `factory` is the page's own unless said. InputError where the browser keeps none. */
export function browserGallery(name = 'facet-gallery', factory?: IDBFactory): GalleryStore {
  return new GalleryStore(new IndexedDbBackend(name, factory ?? globalThis.indexedDB));
}

class IndexedDbBackend implements GalleryBackend {
  readonly location: string;
  private opened: Promise<IDBDatabase> | undefined;

  constructor(
    private readonly name: string,
    private readonly factory: IDBFactory | undefined,
  ) {
    this.location = `gallery ${name} of this browser`;
  }

  create(record: CollectionRecord): Promise<boolean> {
    return this.write(async (t) => {
      const collections = t.objectStore(COLLECTIONS);
      if ((await done(collections.getKey(record.name))) !== undefined) return false;
      await done(collections.add(record));
      return true;
    });
  }

  find(name: string): Promise<CollectionRecord | undefined> {
    return this.read((t) => recordOf(t, name));
  }

  list(name?: string): Promise<readonly CollectionFacts[]> {
    return this.read(async (t) => {
      const records = await done(t.objectStore(COLLECTIONS).getAll(name) as IDBRequest<CollectionRecord[]>);
      const facts: CollectionFacts[] = [];
      for (const record of records) {
        const people = (await peopleOf(t, record.name)).length;
        facts.push({ ...record, people, samples: await done(index(t, 'order').count(within(record.name))) });
      }
      return facts.sort((a, b) => compareText(a.name, b.name));
    });
  }

  drop(name: string): Promise<boolean> {
    return this.write(async (t) => {
      if (!(await recordOf(t, name))) return false;
      await remove(t, await done(index(t, 'order').getAllKeys(within(name))));
      await done(t.objectStore(COLLECTIONS).delete(name));
      return true;
    });
  }

  setThreshold(target: Target, values: Pick<CollectionRecord, 'threshold' | 'calibration'>): Promise<void> {
    return this.write(async (t) => {
      const record = await this.checked(t, target);
      await done(t.objectStore(COLLECTIONS).put({ ...record, ...values }));
    });
  }

  insert(
    target: Target,
    samples: readonly Sample[],
    { where, create }: InsertOptions,
  ): Promise<readonly EnrollOutcome[]> {
    return this.write(async (t) => {
      const collections = t.objectStore(COLLECTIONS);
      const known = await recordOf(t, target.name);
      const record = known || !create ? await this.checked(t, target) : create;
      if (create && (!known || known.threshold === null)) {
        const { threshold, calibration } = create;
        await done(collections.put({ ...record, threshold, calibration }));
      }
      const outcomes: EnrollOutcome[] = [];
      for (const [i, { crop, ...facts }] of samples.entries()) {
        const there = (await done(index(t, 'crop').get([target.name, facts.cropHash]))) as Row | undefined;
        if (there) {
          outcomes.push({ status: 'duplicate', id: there.id, person: there.person });
          continue;
        }
        if ((await done(index(t, 'id').getKey([target.name, facts.id]))) !== undefined)
          throw idTaken(where(i), facts.id);
        const row = { ...facts, embedding: facts.embedding.slice(), collection: target.name };
        const seq = await done(t.objectStore(SAMPLES).add(row));
        if (crop) await done(t.objectStore(CROPS).put(crop, seq));
        outcomes.push({ status: 'enrolled', id: facts.id, person: facts.person });
      }
      return outcomes;
    });
  }

  people(target: Target, after: string | undefined, limit: number): Promise<readonly PersonFacts[]> {
    return this.read(async (t) => {
      await this.checked(t, target);
      const names = (await peopleOf(t, target.name))
        .filter((name) => after === undefined || compareText(name, after) > 0)
        .sort(compareText)
        .slice(0, limit);
      const people: PersonFacts[] = [];
      for (const name of names)
        people.push({ name, samples: await done(index(t, 'person').count([target.name, name])) });
      return people;
    });
  }

  samples(target: Target, after: number, limit: number, person?: string): Promise<Slice<Sample>> {
    return this.read(async (t) => {
      const { rows, next } = await this.slice(t, target, after, limit, person);
      const items: Sample[] = [];
      for (const { seq, collection: _collection, ...facts } of rows) {
        const crop = (await done(t.objectStore(CROPS).get(seq))) as Uint8Array | undefined;
        items.push({ ...facts, crop: crop ?? null });
      }
      return { items, next };
    });
  }

  vectors(target: Target, after: number, limit: number): Promise<VectorSlice> {
    return this.read(async (t) => {
      const { rows, next } = await this.slice(t, target, after, limit);
      const vectors = new Float32Array(rows.length * DIMENSION);
      for (const [i, { embedding }] of rows.entries()) vectors.set(embedding, i * DIMENSION);
      const page = { ids: rows.map(({ id }) => id), people: rows.map(({ person }) => person), vectors };
      return { page, next };
    });
  }

  rename(
    target: Target,
    from: string,
    to: string,
    merge: boolean,
  ): Promise<RenameOutcome | 'taken' | undefined> {
    return this.write(async (t) => {
      await this.checked(t, target);
      const moved = await rowsOf(t, target.name, from);
      if (moved.length === 0) return undefined;
      const merged = from !== to && (await done(index(t, 'person').count([target.name, to]))) > 0;
      if (merged && !merge) return 'taken';
      for (const row of moved) await done(t.objectStore(SAMPLES).put({ ...row, person: to }));
      return { merged, samples: moved.length };
    });
  }

  removePerson(target: Target, person: string): Promise<number> {
    return this.write(async (t) => {
      await this.checked(t, target);
      const keys = await done(index(t, 'person').getAllKeys([target.name, person]));
      await remove(t, keys);
      return keys.length;
    });
  }

  removeSample(target: Target, id: string): Promise<boolean> {
    return this.write(async (t) => {
      await this.checked(t, target);
      const key = await done(index(t, 'id').getKey([target.name, id]));
      if (key === undefined) return false;
      await remove(t, [key]);
      return true;
    });
  }

  reembed(
    target: Target,
    contract: ModelContract,
    embeddings: ReadonlyMap<string, Float32Array>,
  ): Promise<void> {
    return this.write(async (t) => {
      const record = await this.checked(t, target);
      const rows = (await done(index(t, 'order').getAll(within(target.name)))) as Row[];
      const place = `${this.location}: collection ${JSON.stringify(target.name)}`;
      checkCoverage(
        rows.map(({ id }) => id),
        embeddings,
        place,
      );
      for (const row of rows)
        await done(t.objectStore(SAMPLES).put({ ...row, embedding: embeddings.get(row.id)!.slice() }));
      await done(t.objectStore(COLLECTIONS).put({ ...record, contract, threshold: null, calibration: null }));
    });
  }

  async close(): Promise<void> {
    const opened = this.opened;
    this.opened = undefined;
    (await opened?.catch(() => undefined))?.close();
  }

  private async checked(t: IDBTransaction, target: Target): Promise<CollectionRecord> {
    const record = await recordOf(t, target.name);
    checkTarget(target, record?.contract, this.location);
    return record!;
  }

  private async slice(
    t: IDBTransaction,
    target: Target,
    after: number,
    limit: number,
    person?: string,
  ): Promise<{ rows: readonly Row[]; next: number | undefined }> {
    await this.checked(t, target);
    const prefix = person === undefined ? [target.name] : [target.name, person];
    const range = IDBKeyRange.bound([...prefix, after], [...prefix, Number.POSITIVE_INFINITY], true);
    const found = index(t, person === undefined ? 'order' : 'ofPerson').getAll(range, limit + 1);
    const rows = (await done(found)) as Row[];
    return {
      rows: rows.slice(0, limit),
      next: rows.length > limit ? rows[limit - 1]!.seq : undefined,
    };
  }

  private read<T>(work: (t: IDBTransaction) => Promise<T>): Promise<T> {
    return this.transact('readonly', work);
  }

  private write<T>(work: (t: IDBTransaction) => Promise<T>): Promise<T> {
    return this.transact('readwrite', work);
  }

  private async transact<T>(mode: IDBTransactionMode, work: (t: IDBTransaction) => Promise<T>): Promise<T> {
    return transact(await this.database(), this.location, [COLLECTIONS, SAMPLES, CROPS], mode, work);
  }

  private database(): Promise<IDBDatabase> {
    if (!this.factory)
      return Promise.reject(new InputError(`${this.location}: this browser has no IndexedDB here`));
    this.opened ??= openDatabase(this.factory, this.name, upgrade).catch((error: unknown) => {
      // The next call may find it free again.
      this.opened = undefined;
      throw refused(this.location, error);
    });
    return this.opened;
  }
}
