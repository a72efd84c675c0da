// Exact search through pages of embeddings: candidates may be found in f32 elsewhere, the ranking is in float64.
import { InputError } from '../../base/errors.js';
import { checkEmbedding, checked, thresholdSchema } from './checks.js';
import { squaredDistance } from './distance.js';
import {
  compareNeighbours,
  type DecisionRule,
  decide,
  type Identification,
  Least,
  PersonRanking,
} from './rank.js';
import { type Candidate, DIMENSION, type Neighbour, type VectorPage } from './types.js';

/** The most rows of one page, and the largest k. */
const MAX_ROWS = 100_000;

/** How many more candidates than asked for are ranked again: mostly enough to show that rounding in f32 lost none. */
export const MARGIN = 32;

/**
 * A sum of 128 squared differences in f32 errs by at most 131 · 2⁻²⁴ relative in any order, since no term is negative.
 * Of what was not found the true distance is at least the largest one found, less twice that: 2⁻¹⁵ is about twice as much.
 */
const ROUNDING = 2 ** -15;

/**
 * Finds candidates for the `count` nearest rows of `vectors` [n,128] to `query` [128], as a GPU does by squared
 * differences in f32: the numbers of the `count` nearest rows or more, in any order (`count` is at most n). They are
 * ranked again in float64, and more are asked for where rounding may have hidden one.
 */
export type Nearest = (
  query: Float32Array,
  vectors: Float32Array,
  count: number,
) => Promise<ArrayLike<number>> | ArrayLike<number>;

/** How a search goes. */
export interface SearchOptions {
  /** Finds the candidates of each page; without it all rows are compared in float64. */
  readonly nearest?: Nearest;
  /** Search everything, also where the store has an approximate index; stores without one always do. */
  readonly exact?: boolean;
}

/** How an identification goes. */
export interface IdentifyOptions extends SearchOptions {
  /** Default `best`. */
  readonly rule?: DecisionRule;
  /** How many candidates to name, default 5. */
  readonly k?: number;
  /** Squared L2; default the collection's own. */
  readonly threshold?: number;
}

type Pages = Iterable<VectorPage> | AsyncIterable<VectorPage>;

/** The k samples nearest to `query`, nearest first; ties by name, then id. */
export async function nearestSamples(
  pages: Pages,
  query: Float32Array,
  k: number,
  nearest?: Nearest,
): Promise<readonly Neighbour[]> {
  const least = new Least<Neighbour>(k, compareNeighbours);
  for await (const page of pages) {
    addNeighbours(least, query, page, nearest && (await candidatesOf(page, query, k, nearest)));
  }
  return least.items;
}

/** Rows of `page` among which its k nearest are for certain: enough of them to pass over what is as near. */
async function candidatesOf(
  page: VectorPage,
  query: Float32Array,
  k: number,
  nearest: Nearest,
): Promise<ArrayLike<number>> {
  const { length } = page.ids;
  for (let count = Math.min(k + MARGIN, length); ; count = Math.min(4 * count, length)) {
    const rows = await nearest(query, page.vectors, count);
    if (rows.length < count) {
      throw new InputError(
        `the search for nearest rows found ${rows.length} of ${length}, ${count} are needed`,
      );
    }
    if (rows.length === length) return rows;
    const distances = Float64Array.from(rows, (row) =>
      squaredDistance(query, page.vectors, checkedRow(row, page) * DIMENSION),
    ).sort();
    if (distances[k - 1]! < distances[rows.length - 1]! * (1 - ROUNDING)) return rows;
  }
}

/** Adds the rows of `page` (all, or those in `rows`) to the nearest neighbours of `query` found so far. */
export function addNeighbours(
  nearest: Least<Neighbour>,
  query: Float32Array,
  page: VectorPage,
  rows?: ArrayLike<number>,
): void {
  const count = rows ? rows.length : page.ids.length;
  for (let i = 0; i < count; i++) {
    const row = rows ? rows[i]! : i;
    const id = page.ids[checkedRow(row, page)]!;
    const distance = squaredDistance(query, page.vectors, row * DIMENSION);
    const { worst } = nearest;
    if (worst !== undefined && distance > worst.distance) continue;
    nearest.add({ id, person: page.people[row]!, distance });
  }
}

function checkedRow(row: number, { ids }: VectorPage): number {
  if (ids[row] !== undefined) return row;
  throw new InputError(`there is no row ${row} in a page of ${ids.length}`);
}

/** The k people nearest to `query` by `rule`, over all pages; ties by name. */
export async function rankPeople(
  pages: Pages,
  query: Float32Array,
  k: number,
  rule: DecisionRule,
): Promise<readonly Candidate[]> {
  const ranking = new PersonRanking(query, rule);
  for await (const page of pages) ranking.add(page);
  return ranking.top(k);
}

/**
 * The k nearest people by the rule `best`, out of the nearest samples: more and more of these, until they are of k
 * people or are all there are. Undefined where not even 100,000 samples are of k people.
 */
export async function nearestPeople(
  k: number,
  search: (count: number) => Promise<readonly Neighbour[]>,
): Promise<readonly Candidate[] | undefined> {
  for (let count = Math.min(4 * k, MAX_ROWS); ; count = Math.min(4 * count, MAX_ROWS)) {
    const near = await search(count);
    const people = new Map<string, Candidate>();
    for (const { person, distance } of near) {
      if (!people.has(person)) people.set(person, { person, distance });
    }
    if (people.size >= k || near.length < count) return [...people.values()].slice(0, k);
    if (count === MAX_ROWS) return undefined;
  }
}

/** All embeddings of a collection in memory, for many queries: of the moment at which they were read. */
export class Snapshot {
  /** `threshold` is the collection's; `where` names it in messages. */
  constructor(
    readonly page: VectorPage,
    readonly threshold: number | null,
    private readonly where: string,
  ) {}

  /** As Collection.search. */
  async search(query: Float32Array, k: number, nearest?: Nearest): Promise<readonly Neighbour[]> {
    checkEmbedding(query, `${this.where}: the query`);
    return nearestSamples([this.page], query, checkRows(k, 'k'), nearest);
  }

  /** As Collection.identify. */
  async identify(query: Float32Array, options: IdentifyOptions = {}): Promise<Identification> {
    checkEmbedding(query, `${this.where}: the query`);
    const { rule = 'best', nearest } = options;
    const k = checkRows(options.k ?? 5, 'k');
    const threshold = checkThreshold(options.threshold ?? this.threshold, this.where);
    const candidates =
      rule === 'best' && nearest
        ? await nearestPeople(k, (count) => nearestSamples([this.page], query, count, nearest))
        : undefined;
    return decide(candidates ?? (await rankPeople([this.page], query, k, rule)), threshold);
  }
}

/** An integer 1..100,000, else InputError that names it `what`. */
export function checkRows(count: number, what: string): number {
  if (Number.isInteger(count) && count >= 1 && count <= MAX_ROWS) return count;
  throw new InputError(`${what} must be an integer from 1 to ${MAX_ROWS}, it is ${count}`);
}

/** A threshold to decide by; InputError where there is none or it is no squared L2. */
export function checkThreshold(threshold: number | null, where: string): number {
  if (threshold === null) {
    throw new InputError(
      `${where}: has no threshold yet; give one, or fit one for a wanted false accept rate`,
    );
  }
  return checked(thresholdSchema, threshold, `${where}: the threshold`);
}
