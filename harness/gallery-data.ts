// Made-up galleries with every kind of tie, and the plainest search through them.
import { normal } from '../src/base/random.js';
import type { Identification } from '../src/faces/gallery/rank.js';
import { type Candidate, DIMENSION, type VectorPage } from '../src/faces/gallery/types.js';

/** A gallery and who is looked for in it. */
export interface MadeGallery {
  readonly page: VectorPage;
  readonly probes: readonly Float32Array[];
}

/** Samples of one person. */
const SAMPLES = 5;
/** Length of the noise that parts the samples of a person, whose own direction has length 1. */
const NOISE = 0.4;
/** Names that share one vector: more than the 64 candidates of the GPU's kernel. */
const CROWD = 80;

/**
 * People of five samples each about random directions. Of every ten, one has a twin whose first vector is the same, and
 * one a double whose first vector is an ulp of one coordinate away; the last 80 names share one vector. Probes are by turns
 * near somebody, near nobody, near a twin, near a double, and every fiftieth near the crowd. `vectors` from 800.
 */
export function makeGallery(vectors: number, probes: number): MadeGallery {
  const all = new Float32Array(vectors * DIMENSION);
  const people: string[] = [];
  const crowd = vectors - CROWD;
  const put = (row: number, vector: Float32Array) => all.set(vector, row * DIMENSION);
  const vectorOf = (row: number) => all.slice(row * DIMENSION, (row + 1) * DIMENSION);
  for (let row = 0; row < crowd; row++) {
    const person = Math.floor(row / SAMPLES);
    // By descending name, so that an order of rows is not by chance the order of names.
    people.push(`person ${String(10_000_000 - person)}`);
    const first = row % SAMPLES === 0 && person > 0 ? person % 10 : 0;
    const before = first === 2 || first === 4 ? vectorOf(row - SAMPLES) : undefined;
    if (before && first === 4) before[7] = nextUp(before[7]!);
    put(row, before ?? near(direction(person), row));
  }
  for (let row = crowd; row < vectors; row++) {
    people.push(`crowd ${String(10_000_000 - row)}`);
    put(row, direction(-1));
  }
  const last = Math.floor(crowd / SAMPLES / 10);
  const asked = Array.from({ length: probes }, (_, i) => {
    const noise = 20_000_000 + i;
    if (i % 50 === 49) return near(direction(-1), noise);
    const ten = 10 * ((7 * i) % last);
    switch (i % 4) {
      case 0:
        return near(direction(ten), noise);
      case 1:
        return direction(noise);
      case 2:
        return near(vectorOf((ten + 2) * SAMPLES), noise, 0.1);
      default:
        return near(vectorOf((ten + 4) * SAMPLES), noise, 0.1);
    }
  });
  return { page: { ids: people.map((_, row) => `s${row}`), people, vectors: all }, probes: asked };
}

/** The k nearest people to `probe` by their nearest sample, in float64; ties by name. */
export function bruteForce({ people, vectors }: VectorPage, probe: Float32Array, k: number): Candidate[] {
  const best = new Map<string, number>();
  for (const [row, person] of people.entries()) {
    let distance = 0;
    for (let i = 0; i < DIMENSION; i++) {
      const difference = probe[i]! - vectors[row * DIMENSION + i]!;
      distance += difference * difference;
    }
    const known = best.get(person);
    if (known === undefined || distance < known) best.set(person, distance);
  }
  return [...best]
    .map(([person, distance]) => ({ person, distance }))
    .sort((a, b) => a.distance - b.distance || (a.person < b.person ? -1 : 1))
    .slice(0, k);
}

/**
 * What is wrong with an answer, beside the right candidates: names and their order must be the same, distances, which are
 * added in another order, within 256 roundings. `error` is their largest relative difference.
 */
export function disagreement(
  answer: Identification,
  expected: readonly Candidate[],
  threshold: number,
): { text: string | undefined; error: number } {
  const names = (list: readonly Candidate[]) => list.map(({ person }) => person).join(', ');
  const [nearest] = expected;
  const person = nearest && nearest.distance < threshold ? nearest.person : null;
  const errors = expected.map(({ distance }, i) => {
    const given = answer.candidates[i]?.distance ?? Number.POSITIVE_INFINITY;
    return given === distance ? 0 : Math.abs(given - distance) / distance;
  });
  const error = Math.max(0, ...errors);
  const text =
    names(answer.candidates) !== names(expected)
      ? `found ${names(answer.candidates)}; by brute force ${names(expected)}`
      : answer.person !== person
        ? `named ${answer.person}, by brute force ${person}`
        : error > 256 * Number.EPSILON
          ? `distances differ by ${error} relative`
          : undefined;
  return { text, error };
}

/** Direction `seed`, uniform on the sphere. */
function direction(seed: number): Float32Array {
  return unit(Float64Array.from({ length: DIMENSION }, (_, i) => normal(seed, i)));
}

/** A vector near `towards`, `distance` away before it is scaled to length 1; `seed` says which. */
function near(towards: Float32Array, seed: number, distance = NOISE): Float32Array {
  const noise = direction(40_000_000 + seed);
  return unit(towards.map((v, i) => v + distance * noise[i]!));
}

function unit(values: ArrayLike<number>): Float32Array {
  let squared = 0;
  for (let i = 0; i < values.length; i++) squared += values[i]! ** 2;
  return Float32Array.from(values, (v) => v / Math.sqrt(squared));
}

/** The f32 of the next larger magnitude. */
function nextUp(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = bits[0]! + 1;
  return new Float32Array(bits.buffer)[0]!;
}
