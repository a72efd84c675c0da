// One collection of a store: what enters it is checked, what leaves it is ranked in float64.
import { z } from 'zod';
import { InputError } from '../../base/errors.js';
import type { GalleryBackend, InsertOptions } from './backend.js';
import {
  checkEmbedding,
  checked,
  checkName,
  checkSample,
  checkTarget,
  contractSchema,
  type Target,
  thresholdSchema,
} from './checks.js';
import { encodeFooter, encodeHeader, encodeSample } from './lines.js';
import { compareNeighbours, decide, type Identification, Least } from './rank.js';
import {
  addNeighbours,
  checkRows,
  checkThreshold,
  type IdentifyOptions,
  MARGIN,
  nearestPeople,
  nearestSamples,
  rankPeople,
  type SearchOptions,
  Snapshot,
} from './search.js';
import type {
  CollectionFacts,
  CollectionRecord,
  EnrollOutcome,
  Json,
  ModelContract,
  Neighbour,
  NewSample,
  Page,
  PageOptions,
  PersonFacts,
  RenameOutcome,
  Sample,
  VectorPage,
} from './types.js';

/** Rows of a page of embeddings: 4 MiB. */
const VECTOR_ROWS = 8192;
const SAMPLE_ROWS = 500;

/** A collection of people. Made by GalleryStore. Every method rejects with InputError where the store refuses. */
export class Collection {
  private readonly target: Target;

  /** `contract` as the user stated it; null where no embedding will be compared. */
  constructor(
    private readonly backend: GalleryBackend,
    readonly name: string,
    contract: ModelContract | null,
  ) {
    this.target = { name, contract };
  }

  /** The collection's contract, threshold and counts, now. */
  async facts(): Promise<CollectionFacts> {
    const [facts] = await this.backend.list(this.name);
    checkTarget(this.target, facts?.contract, this.backend.location);
    return facts!;
  }

  /**
   * Adds samples, all or none; durable when it resolves. The outcomes are in the order of the samples. A crop
   * that the collection has already is not added again.
   */
  async enroll(samples: readonly NewSample[]): Promise<readonly EnrollOutcome[]> {
    const where: InsertOptions['where'] = (i) =>
      `enrolling sample ${i + 1} of ${samples.length} (${JSON.stringify(samples[i]!.person)})`;
    const ready = samples.map((sample, i) => checkSample(sample, where(i)));
    return this.backend.insert(this.comparing(), ready, { where });
  }

  /** People by name (code points), with how many samples they have. */
  async people(options: PageOptions = {}): Promise<Page<PersonFacts>> {
    const limit = checkRows(options.limit ?? SAMPLE_ROWS, 'limit');
    const items = await this.backend.people(this.target, options.after, limit);
    return { items, next: items.length === limit ? items[limit - 1]!.name : undefined };
  }

  /** Samples in the order of enrolment, with their embeddings; of one person where that is given. */
  async samples(options: PageOptions & { readonly person?: string } = {}): Promise<Page<Sample>> {
    const { after, limit, person } = options;
    const name = person === undefined ? undefined : checkName(person, 'person');
    const page = await this.backend.samples(
      this.target,
      cursor(after),
      checkRows(limit ?? SAMPLE_ROWS, 'limit'),
      name,
    );
    return { items: page.items, next: page.next?.toString() };
  }

  /** Gives a person another name. Where that exists, `merge` makes the two one; without it InputError. */
  async rename(from: string, to: string, options: { readonly merge?: boolean } = {}): Promise<RenameOutcome> {
    const [old, name] = [checkName(from, 'person'), checkName(to, 'person')];
    const outcome = await this.backend.rename(this.target, old, name, options.merge ?? false);
    if (outcome === undefined) throw this.nobody(old);
    if (outcome === 'taken') {
      throw new InputError(
        `${this}: there is a ${JSON.stringify(name)} already; merging would make the two one person`,
        { fact: { code: 'person-there', values: { name } } },
      );
    }
    return outcome;
  }

  /** Removes a person with all samples and every trace that the store controls; how many samples went. */
  async removePerson(person: string): Promise<number> {
    const name = checkName(person, 'person');
    const removed = await this.backend.removePerson(this.target, name);
    if (removed === 0) throw this.nobody(name);
    return removed;
  }

  /** Removes one sample, and its person where it was the last. */
  async removeSample(id: string): Promise<void> {
    if (!(await this.backend.removeSample(this.target, id))) {
      throw new InputError(`${this}: there is no sample ${JSON.stringify(id)}`);
    }
  }

  /** Squared L2 (0..4) below which two embeddings are of one person, and the calibration that goes with it. */
  async setThreshold(threshold: number | null, calibration: Json = null): Promise<void> {
    const value = checked(thresholdSchema.nullable(), threshold, `${this}: the threshold`);
    await this.backend.setThreshold(this.target, {
      threshold: value,
      calibration: checked(z.json(), calibration, `${this}: the calibration`),
    });
  }

  /**
   * All embeddings, page by page, in the order of enrolment. A page is of one moment; what changes between two
   * pages may or may not be seen.
   */
  async *vectors(pageRows = VECTOR_ROWS): AsyncGenerator<VectorPage, void> {
    const limit = checkRows(pageRows, 'pageRows');
    let after: number | undefined = 0;
    while (after !== undefined) {
      const { page, next } = await this.backend.vectors(this.target, after, limit);
      if (page.ids.length > 0) yield page;
      after = next;
    }
  }

  /** All embeddings at once, for many queries. */
  async snapshot(): Promise<Snapshot> {
    this.comparing();
    const { threshold } = await this.stored();
    const pages: VectorPage[] = [];
    for await (const page of this.vectors()) pages.push(page);
    const vectors = new Float32Array(pages.reduce((sum, page) => sum + page.vectors.length, 0));
    let offset = 0;
    for (const page of pages) {
      vectors.set(page.vectors, offset);
      offset += page.vectors.length;
    }
    const page = {
      ids: pages.flatMap(({ ids }) => ids),
      people: pages.flatMap(({ people }) => people),
      vectors,
    };
    return new Snapshot(page, threshold, `${this}`);
  }

  /** The k samples nearest to `query` [128], ranked in float64; ties by name, then id. */
  async search(query: Float32Array, k: number, options: SearchOptions = {}): Promise<readonly Neighbour[]> {
    checkEmbedding(query, `${this}: the query`);
    this.comparing();
    const count = checkRows(k, 'k');
    const { nearest, exact = false } = options;
    if (this.backend.near && !nearest) return this.searchIndex(query, count, exact);
    return nearestSamples(this.vectors(), query, count, nearest);
  }

  /** Who this is, by `rule`: the nearest person, or null (unknown) where nobody is nearer than the threshold. */
  async identify(query: Float32Array, options: IdentifyOptions = {}): Promise<Identification> {
    checkEmbedding(query, `${this}: the query`);
    this.comparing();
    const { rule = 'best', nearest } = options;
    const k = checkRows(options.k ?? 5, 'k');
    const threshold = checkThreshold(options.threshold ?? (await this.stored()).threshold, `${this}`);
    const bySamples = rule === 'best' && (nearest || this.backend.near);
    const candidates = bySamples
      ? await nearestPeople(k, (count) => this.search(query, count, options))
      : undefined;
    return decide(candidates ?? (await rankPeople(this.vectors(), query, k, rule)), threshold);
  }

  /**
   * The same people under another contract: `embeddings` has a new one for every sample, by id. Threshold and
   * calibration belonged to the old distances and become null. Returns the collection under its new contract.
   */
  async reembed(contract: ModelContract, embeddings: ReadonlyMap<string, Float32Array>): Promise<Collection> {
    const pinned = checked(contractSchema, contract, `${this}: the new model contract`);
    for (const [id, embedding] of embeddings)
      checkEmbedding(embedding, `${this}: new embedding of sample ${id}`);
    await this.backend.reembed(this.target, pinned, embeddings);
    return new Collection(this.backend, this.name, pinned);
  }

  /** The whole collection as JSON Lines, without line ends; InputError where it is rebuilt for another net meanwhile. */
  async *exportLines(): AsyncGenerator<string, void> {
    const record = await this.stored();
    yield encodeHeader(record);
    // With the contract that the header names: later pages of another net's embeddings must not follow it.
    const target = { name: this.name, contract: record.contract };
    let after: number | undefined = 0;
    let count = 0;
    while (after !== undefined) {
      const { items, next } = await this.backend.samples(target, after, SAMPLE_ROWS);
      for (const sample of items) yield encodeSample(sample);
      count += items.length;
      after = next;
    }
    yield encodeFooter(count);
  }

  /** As messages name it. */
  toString(): string {
    return `${this.backend.location}: collection ${JSON.stringify(this.name)}`;
  }

  /** Candidates from the store's index, ranked again; `exact` takes more until none can be missing. */
  private async searchIndex(query: Float32Array, k: number, exact: boolean): Promise<readonly Neighbour[]> {
    for (let count = k + MARGIN; ; count *= 4) {
      const { page, floor } = await this.backend.near!(this.target, query, count, exact);
      const least = new Least<Neighbour>(k, compareNeighbours);
      addNeighbours(least, query, page);
      const { worst } = least;
      if (!exact || floor === Number.POSITIVE_INFINITY || (worst && worst.distance < floor))
        return least.items;
    }
  }

  private async stored(): Promise<CollectionRecord> {
    const record = await this.backend.find(this.name);
    checkTarget(this.target, record?.contract, this.backend.location);
    return record!;
  }

  /** The target of what compares embeddings: that needs to know how they were made. */
  private comparing(): Target {
    if (this.target.contract === null) {
      throw new InputError(
        `${this}: was opened without a model contract, so that embeddings cannot be compared`,
      );
    }
    return this.target;
  }

  private nobody(name: string): InputError {
    return new InputError(`${this}: there is nobody called ${JSON.stringify(name)}`, {
      fact: { code: 'person-missing', values: { name } },
    });
  }
}

function cursor(after: string | undefined): number {
  const value = Number(after ?? 0);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InputError(`a page begins behind the cursor of the page before, not at ${JSON.stringify(after)}`);
}
