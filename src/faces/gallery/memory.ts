// Galleries in memory: for a browser tab that keeps nothing, and as the plainest form of what a store does.
import type { GalleryBackend, InsertOptions, Slice, VectorSlice } from './backend.js';
import { checkCoverage, checkTarget, idTaken, type Target } from './checks.js';
import { compareText } from './distance.js';
import { GalleryStore } from './store.js';
import {
  type CollectionFacts,
  type CollectionRecord,
  DIMENSION,
  type EnrollOutcome,
  type ModelContract,
  type PersonFacts,
  type RenameOutcome,
  type Sample,
} from './types.js';

interface Kept extends Sample {
  readonly seq: number;
}

interface Held {
  record: CollectionRecord;
  /** In the order of enrolment. */
  samples: Kept[];
}

/** A store that lives as long as the program; "durable" means kept until `close`. */
export function memoryGallery(): GalleryStore {
  return new GalleryStore(new MemoryBackend());
}

class MemoryBackend implements GalleryBackend {
  readonly location = 'gallery in memory';
  private readonly held = new Map<string, Held>();
  private seq = 0;

  async create(record: CollectionRecord): Promise<boolean> {
    if (this.held.has(record.name)) return false;
    this.held.set(record.name, { record, samples: [] });
    return true;
  }

  async find(name: string): Promise<CollectionRecord | undefined> {
    return this.held.get(name)?.record;
  }

  async list(name?: string): Promise<readonly CollectionFacts[]> {
    return [...this.held.values()]
      .filter(({ record }) => name === undefined || record.name === name)
      .map(({ record, samples }) => ({
        ...record,
        people: new Set(samples.map(({ person }) => person)).size,
        samples: samples.length,
      }))
      .sort((a, b) => compareText(a.name, b.name));
  }

  async drop(name: string): Promise<boolean> {
    return this.held.delete(name);
  }

  async setThreshold(
    target: Target,
    values: Pick<CollectionRecord, 'threshold' | 'calibration'>,
  ): Promise<void> {
    const held = this.get(target);
    held.record = { ...held.record, ...values };
  }

  async insert(
    target: Target,
    samples: readonly Sample[],
    { where, create }: InsertOptions,
  ): Promise<readonly EnrollOutcome[]> {
    const missing = create && !this.held.has(target.name);
    const held = missing ? { record: create, samples: [] } : this.get(target);
    const crops = new Map(held.samples.map((sample) => [sample.cropHash, sample]));
    const ids = new Set(held.samples.map(({ id }) => id));
    const added: Kept[] = [];
    const outcomes = samples.map((sample, i): EnrollOutcome => {
      const known = crops.get(sample.cropHash);
      if (known) return { status: 'duplicate', id: known.id, person: known.person };
      if (ids.has(sample.id)) throw idTaken(where(i), sample.id);
      const kept = { ...sample, embedding: sample.embedding.slice(), seq: ++this.seq };
      crops.set(kept.cropHash, kept);
      ids.add(kept.id);
      added.push(kept);
      return { status: 'enrolled', id: kept.id, person: kept.person };
    });
    held.samples = [...held.samples, ...added];
    if (create && held.record.threshold === null) {
      const { threshold, calibration } = create;
      held.record = { ...held.record, threshold, calibration };
    }
    this.held.set(target.name, held);
    return outcomes;
  }

  async people(target: Target, after: string | undefined, limit: number): Promise<readonly PersonFacts[]> {
    const counts = new Map<string, number>();
    for (const { person } of this.get(target).samples) counts.set(person, (counts.get(person) ?? 0) + 1);
    return [...counts]
      .map(([name, samples]) => ({ name, samples }))
      .filter(({ name }) => after === undefined || compareText(name, after) > 0)
      .sort((a, b) => compareText(a.name, b.name))
      .slice(0, limit);
  }

  async samples(target: Target, after: number, limit: number, person?: string): Promise<Slice<Sample>> {
    const { kept, next } = this.slice(target, after, limit, person);
    const items = kept.map(({ seq: _seq, ...sample }) => ({
      ...sample,
      embedding: sample.embedding.slice(),
    }));
    return { items, next };
  }

  async vectors(target: Target, after: number, limit: number): Promise<VectorSlice> {
    const { kept, next } = this.slice(target, after, limit);
    const vectors = new Float32Array(kept.length * DIMENSION);
    kept.forEach(({ embedding }, i) => {
      vectors.set(embedding, i * DIMENSION);
    });
    const page = { ids: kept.map(({ id }) => id), people: kept.map(({ person }) => person), vectors };
    return { page, next };
  }

  async rename(
    target: Target,
    from: string,
    to: string,
    merge: boolean,
  ): Promise<RenameOutcome | 'taken' | undefined> {
    const held = this.get(target);
    const moved = held.samples.filter(({ person }) => person === from).length;
    if (moved === 0) return undefined;
    const merged = from !== to && held.samples.some(({ person }) => person === to);
    if (merged && !merge) return 'taken';
    held.samples = held.samples.map((sample) =>
      sample.person === from ? { ...sample, person: to } : sample,
    );
    return { merged, samples: moved };
  }

  async removePerson(target: Target, person: string): Promise<number> {
    return this.remove(target, (sample) => sample.person === person);
  }

  async removeSample(target: Target, id: string): Promise<boolean> {
    return this.remove(target, (sample) => sample.id === id) > 0;
  }

  async reembed(
    target: Target,
    contract: ModelContract,
    embeddings: ReadonlyMap<string, Float32Array>,
  ): Promise<void> {
    const held = this.get(target);
    checkCoverage(
      held.samples.map(({ id }) => id),
      embeddings,
      `${this.location}: collection ${JSON.stringify(target.name)}`,
    );
    held.samples = held.samples.map((sample) => ({
      ...sample,
      embedding: embeddings.get(sample.id)!.slice(),
    }));
    held.record = { ...held.record, contract, threshold: null, calibration: null };
  }

  async close(): Promise<void> {
    this.held.clear();
  }

  private get(target: Target): Held {
    const held = this.held.get(target.name);
    checkTarget(target, held?.record.contract, this.location);
    return held!;
  }

  private slice(
    target: Target,
    after: number,
    limit: number,
    person?: string,
  ): { kept: readonly Kept[]; next: number | undefined } {
    const all = this.get(target).samples;
    const mine = all.filter((s) => s.seq > after && (person === undefined || s.person === person));
    const kept = mine.slice(0, limit);
    return { kept, next: mine.length > limit ? kept[limit - 1]!.seq : undefined };
  }

  private remove(target: Target, goes: (sample: Sample) => boolean): number {
    const held = this.get(target);
    const before = held.samples.length;
    held.samples = held.samples.filter((sample) => !goes(sample));
    return before - held.samples.length;
  }
}
