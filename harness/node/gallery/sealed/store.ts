// Galleries of which the disk, or the database's server, sees nothing but how many rows they have. Rows are found by keyed
// hashes; search opens the embeddings and compares all of them in memory, for no index can be made of what is hidden.
import type {
  GalleryBackend,
  InsertOptions,
  Slice,
  VectorSlice,
} from '../../../../src/faces/gallery/backend.js';
import { checkCoverage, type Target } from '../../../../src/faces/gallery/checks.js';
import { compareText } from '../../../../src/faces/gallery/distance.js';
import type {
  CollectionFacts,
  CollectionRecord,
  EnrollOutcome,
  ModelContract,
  PersonFacts,
  RenameOutcome,
  Sample,
} from '../../../../src/faces/gallery/types.js';
import type { SealedDatabase, SealedQuery } from './database.js';
import type { GalleryKeys } from './keys.js';
import { SealedRows } from './rows.js';

/** The store's rows under `keys`; GalleryStore and Collection stand in front. Owns the connection. */
export class SealedBackend implements GalleryBackend {
  private readonly rows: SealedRows;

  constructor(
    private readonly db: SealedDatabase,
    keys: GalleryKeys,
  ) {
    this.rows = new SealedRows(db, keys);
  }

  get location(): string {
    return this.db.location;
  }

  create(record: CollectionRecord): Promise<boolean> {
    return this.write((query) => this.rows.insertCollection(query, record));
  }

  find(name: string): Promise<CollectionRecord | undefined> {
    return this.read(async (query) => (await this.rows.find(query, name))?.record);
  }

  list(name?: string): Promise<readonly CollectionFacts[]> {
    return this.read(async (query) => {
      const { collections, people, samples, boxes } = this.rows;
      const rows = await query<[Buffer, Buffer, number | string, number | string]>(
        `select uid, record, (select count(*) from ${people} where collection = c.uid),
           (select count(*) from ${samples} where collection = c.uid) from ${collections} c`,
      );
      return rows
        .map(([uid, record, persons, all]) => ({
          ...boxes.openCollection(uid, record),
          people: Number(persons),
          samples: Number(all),
        }))
        .filter((facts) => name === undefined || facts.name === name)
        .sort((a, b) => compareText(a.name, b.name));
    });
  }

  async drop(name: string): Promise<boolean> {
    if ((await this.find(name)) === undefined) return false;
    return this.wipe(`collection ${JSON.stringify(name)}`, async (query) => {
      const found = await this.rows.find(query, name, this.db.forUpdate);
      if (found) await query(`delete from ${this.rows.collections} where uid = $1`, [found.uid]);
      return found !== undefined;
    });
  }

  setThreshold(target: Target, values: Pick<CollectionRecord, 'threshold' | 'calibration'>): Promise<void> {
    return this.write(async (query) => {
      const { uid, record } = await this.rows.require(query, target, this.db.forUpdate);
      await this.rows.updateCollection(query, { uid, record: { ...record, ...values } });
    });
  }

  insert(
    target: Target,
    samples: readonly Sample[],
    { where, create }: InsertOptions,
  ): Promise<readonly EnrollOutcome[]> {
    return this.write(async (query) => {
      if (create && !(await this.rows.find(query, target.name))) {
        await this.rows.insertCollection(query, create);
      }
      const { uid, record } = await this.rows.require(query, target, this.db.forUpdate);
      if (create && create.threshold !== null && record.threshold === null) {
        const { threshold, calibration } = create;
        await this.rows.updateCollection(query, { uid, record: { ...record, threshold, calibration } });
      }
      const known = new Map<string, Buffer>();
      const outcomes: EnrollOutcome[] = [];
      for (const [i, sample] of samples.entries()) {
        outcomes.push(await this.rows.insertSample(query, uid, sample, where(i), known));
      }
      return outcomes;
    });
  }

  people(target: Target, after: string | undefined, limit: number): Promise<readonly PersonFacts[]> {
    return this.read(async (query) => {
      const { uid } = await this.rows.require(query, target);
      // All names are opened for each page: their order cannot be told without.
      return (await this.rows.peopleOf(query, uid))
        .map(({ name, samples }) => ({ name, samples }))
        .filter(({ name }) => after === undefined || compareText(name, after) > 0)
        .sort((a, b) => compareText(a.name, b.name))
        .slice(0, limit);
    });
  }

  samples(target: Target, after: number, limit: number, person?: string): Promise<Slice<Sample>> {
    return this.read(async (query) => {
      const { uid } = await this.rows.require(query, target);
      const who = person === undefined ? undefined : await this.rows.personOf(query, uid, person);
      if (person !== undefined && who === undefined) return { items: [], next: undefined };
      const rows = await this.rows.page(query, uid, after, limit + 1, who);
      return {
        items: rows.slice(0, limit).map(({ sample }) => sample),
        next: rows.length > limit ? rows[limit - 1]!.seq : undefined,
      };
    });
  }

  vectors(target: Target, after: number, limit: number): Promise<VectorSlice> {
    return this.read(async (query) => {
      const { uid } = await this.rows.require(query, target);
      const { page, last } = await this.rows.vectors(query, uid, after, limit);
      return { page, next: page.ids.length === limit ? last : undefined };
    });
  }

  async rename(
    target: Target,
    from: string,
    to: string,
    merge: boolean,
  ): Promise<RenameOutcome | 'taken' | undefined> {
    const meet = async (query: SealedQuery, lock: string) => {
      const { uid } = await this.rows.require(query, target, lock);
      const old = await this.rows.personOf(query, uid, from);
      if (old === undefined) return undefined;
      const other = from === to ? undefined : await this.rows.personOf(query, uid, to);
      return other && !merge ? ('taken' as const) : { uid, old, other };
    };
    // Looked up first: wiping rewrites a file, and a name that is not there is no reason for that.
    const before = await this.read((query) => meet(query, ''));
    if (before === undefined || before === 'taken') return before;
    return this.wipe(`the name ${JSON.stringify(from)}`, async (query) => {
      const met = await meet(query, this.db.forUpdate);
      if (met === undefined || met === 'taken') return met;
      const { uid, old, other } = met;
      const [count] = await query<[number | string]>(
        `select count(*) from ${this.rows.samples} where person = $1`,
        [old],
      );
      if (other === undefined) await this.rows.renamePerson(query, uid, old, to);
      else {
        await this.rows.give(query, uid, old, other);
        await query(`delete from ${this.rows.people} where uid = $1`, [old]);
      }
      return { merged: other !== undefined, samples: Number(count![0]) };
    });
  }

  async removePerson(target: Target, person: string): Promise<number> {
    const found = await this.read(async (query) => {
      const { uid } = await this.rows.require(query, target);
      return this.rows.personOf(query, uid, person);
    });
    if (found === undefined) return 0;
    return this.wipe(JSON.stringify(person), async (query) => {
      const { uid } = await this.rows.require(query, target, this.db.forUpdate);
      const who = await this.rows.personOf(query, uid, person);
      if (who === undefined) return 0;
      const gone = await query(`delete from ${this.rows.samples} where person = $1 returning seq`, [who]);
      await query(`delete from ${this.rows.people} where uid = $1`, [who]);
      return gone.length;
    });
  }

  async removeSample(target: Target, id: string): Promise<boolean> {
    const meet = async (query: SealedQuery, lock: string) => {
      const { uid } = await this.rows.require(query, target, lock);
      return this.rows.sampleOf(query, uid, id);
    };
    if (!(await this.read((query) => meet(query, '')))) return false;
    return this.wipe(`sample ${JSON.stringify(id)}`, async (query) => {
      const found = await meet(query, this.db.forUpdate);
      if (!found) return false;
      await query(`delete from ${this.rows.samples} where seq = $1`, [found.seq]);
      await query(
        `delete from ${this.rows.people}
         where uid = $1 and not exists (select 1 from ${this.rows.samples} where person = $2)`,
        [found.person, found.person],
      );
      return true;
    });
  }

  async reembed(
    target: Target,
    contract: ModelContract,
    embeddings: ReadonlyMap<string, Float32Array>,
  ): Promise<void> {
    const where = `${this.location}: collection ${JSON.stringify(target.name)}`;
    const meet = async (query: SealedQuery, lock: string) => {
      const { uid, record } = await this.rows.require(query, target, lock);
      const { page } = await this.rows.vectors(query, uid, 0, Number.MAX_SAFE_INTEGER);
      checkCoverage(page.ids, embeddings, where);
      return { uid, record };
    };
    await this.read((query) => meet(query, ''));
    await this.wipe(`the old embeddings of ${JSON.stringify(target.name)}`, async (query) => {
      const { uid, record } = await meet(query, this.db.forUpdate);
      for (const [id, embedding] of embeddings) {
        const { seq, person } = (await this.rows.sampleOf(query, uid, id))!;
        const idTag = this.rows.idTag(uid, id);
        await query(`update ${this.rows.samples} set vector = $1 where seq = $2`, [
          this.rows.boxes.sealVector({ collection: uid, person, idTag }, { id, embedding }),
          seq,
        ]);
      }
      const fresh = { ...record, contract, threshold: null, calibration: null };
      await this.rows.updateCollection(query, { uid, record: fresh });
    });
  }

  close(): Promise<void> {
    return this.db.close();
  }

  private read<T>(work: (query: SealedQuery) => Promise<T>): Promise<T> {
    return this.db.read(async (query) => {
      await this.rows.checkKey(query);
      return work(query);
    });
  }

  private write<T>(work: (query: SealedQuery) => Promise<T>): Promise<T> {
    return this.db.write((query) => this.keyed(query, work));
  }

  private wipe<T>(what: string, work: (query: SealedQuery) => Promise<T>): Promise<T> {
    return this.db.wipe(what, (query) => this.keyed(query, work));
  }

  private async keyed<T>(query: SealedQuery, work: (query: SealedQuery) => Promise<T>): Promise<T> {
    await this.rows.checkKey(query, this.db.forShare);
    return work(query);
  }
}
