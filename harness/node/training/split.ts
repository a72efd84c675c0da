// Which people are held out of training, and which pairs of their pictures are compared.
import { InputError } from '../../../src/base/errors.js';
import { hash32 } from '../../../src/base/random.js';
import type { PersonCrops } from './align-people.js';

export interface PeopleSplit {
  readonly train: readonly PersonCrops[];
  /** Each with at least two pictures; empty where none were to be held out. */
  readonly heldOut: readonly PersonCrops[];
}

/**
 * Holds `share` of the people with two pictures or more out, chosen by hashes of their names: a person who joins or leaves
 * changes the lot of few others. Whoever has one picture only is trained on, as nobody's pair. InputError where too few
 * would be left on either side: two people make a pair of different people.
 */
export function holdOut(people: readonly PersonCrops[], share: number, seed: number): PeopleSplit {
  if (!(share >= 0 && share < 1))
    throw new InputError(`--hold-out must lie in 0..1, 1 excluded, got ${share}`);
  if (share === 0) return { train: people, heldOut: [] };
  const several = people.filter(({ crops }) => crops.length > 1);
  const count = Math.max(2, Math.round(share * several.length));
  if (several.length - count < 2) {
    throw new InputError(
      `--hold-out ${share}: of ${several.length} people with two pictures or more ${count} would be held out, which leaves fewer than 2; --hold-out 0 trains without validation`,
    );
  }
  const byLot = [...several].sort(
    (a, b) => lotOf(a.name, seed) - lotOf(b.name, seed) || (a.name < b.name ? -1 : 1),
  );
  const chosen = new Set(byLot.slice(0, count));
  return {
    train: people.filter((person) => !chosen.has(person)),
    heldOut: several.filter((person) => chosen.has(person)),
  };
}

function lotOf(name: string, seed: number): number {
  let hash = seed >>> 0;
  for (let i = 0; i < name.length; i++) hash = hash32(hash, name.charCodeAt(i));
  return hash;
}

/** Two crops, by record, of one person or of two. */
export interface CropPair {
  readonly a: number;
  readonly b: number;
  readonly same: boolean;
}

/** Of one person no more pairs than this: a well-known one would decide everything. */
const MOST_OF_ONE = 10;

/** At most `most` pairs of one person each and as many of two different people; the same for the same arguments. */
export function validationPairs(people: readonly PersonCrops[], most: number, seed: number): CropPair[] {
  const same: CropPair[] = [];
  for (const { name, crops } of people) {
    const own: CropPair[] = [];
    for (let i = 0; i < crops.length; i++)
      for (let j = i + 1; j < crops.length; j++)
        own.push({ a: crops[i]!.record, b: crops[j]!.record, same: true });
    same.push(...drawn(own, MOST_OF_ONE, lotOf(name, seed)));
  }
  const kept = drawn(same, most, seed);
  const different: CropPair[] = [];
  const seen = new Set<string>();
  // More than enough tries; with very few people there are not as many pairs.
  for (let i = 0; i < 20 * kept.length && different.length < kept.length; i++) {
    const pick = (k: number, count: number) => hash32(hash32(seed, 1), 4 * i + k) % count;
    const [p, q] = [people[pick(0, people.length)]!, people[pick(1, people.length)]!];
    const [a, b] = [p.crops[pick(2, p.crops.length)]!.record, q.crops[pick(3, q.crops.length)]!.record];
    const key = `${Math.min(a, b)} ${Math.max(a, b)}`;
    if (p === q || seen.has(key)) continue;
    seen.add(key);
    different.push({ a, b, same: false });
  }
  return [...kept, ...different];
}

/** At most `most` of the values, by lot, in their order. */
function drawn<T>(values: readonly T[], most: number, seed: number): T[] {
  if (values.length <= most) return [...values];
  const order = [...values.keys()].sort((a, b) => hash32(seed, a) - hash32(seed, b) || a - b);
  return order
    .slice(0, most)
    .sort((a, b) => a - b)
    .map((i) => values[i]!);
}
