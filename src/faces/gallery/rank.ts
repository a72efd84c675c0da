// The decision: which person of a gallery is this, or none. All in float64; ties go by name, then by id.
import { compareText, normSquared, squaredDistance } from './distance.js';
import { type Candidate, DIMENSION, type Neighbour, type VectorPage } from './types.js';

/**
 * How a person's samples make one distance: `best` the least distance to any of them, `mean` the mean of the
 * squared distances, `centroid` the distance to their mean scaled to length 1.
 */
export type DecisionRule = 'best' | 'mean' | 'centroid';

/** All rules, the default first. */
export const DECISION_RULES: readonly DecisionRule[] = ['best', 'mean', 'centroid'];

/** The answer of `verify`. */
export interface Verification {
  /** Squared L2 in float64. */
  readonly distance: number;
  readonly threshold: number;
  /** Whether the distance is less than the threshold. */
  readonly same: boolean;
}

/** Whether two embeddings [128] of length 1 are of one person: their squared L2 is less than `threshold`. */
export function verify(a: Float32Array, b: Float32Array, threshold: number): Verification {
  const distance = squaredDistance(a, b);
  return { distance, threshold, same: distance < threshold };
}

/** The answer of `identify`. */
export interface Identification {
  /** The nearest person where nearer than the threshold, else null: unknown. */
  readonly person: string | null;
  readonly threshold: number;
  /** The k nearest people, nearest first, whether or not they pass the threshold. */
  readonly candidates: readonly Candidate[];
}

/** Names the nearest candidate if its distance is less than `threshold`. */
export function decide(candidates: readonly Candidate[], threshold: number): Identification {
  const [nearest] = candidates;
  const person = nearest && nearest.distance < threshold ? nearest.person : null;
  return { person, threshold, candidates };
}

/** One of several faces of a picture. */
export interface PictureIdentification extends Identification {
  /** Whether `person` is null because a nearer face of the picture has the nearest person's name. */
  readonly taken: boolean;
}

/**
 * The faces of one picture, of which a person can be one only: where several have a name the nearest keeps it (the
 * first, where two are as near), the others become unknown.
 */
export function namedOnce(faces: readonly Identification[]): PictureIdentification[] {
  const holders = new Map<string, Identification>();
  for (const face of faces) {
    if (face.person === null) continue;
    const holder = holders.get(face.person);
    if (!holder || face.candidates[0]!.distance < holder.candidates[0]!.distance) {
      holders.set(face.person, face);
    }
  }
  return faces.map((face) => {
    const taken = face.person !== null && holders.get(face.person) !== face;
    return { ...face, person: taken ? null : face.person, taken };
  });
}

/** The order of neighbours: distance, name, id. */
export function compareNeighbours(a: Neighbour, b: Neighbour): number {
  return a.distance - b.distance || compareText(a.person, b.person) || compareText(a.id, b.id);
}

/** Keeps the k least of what it is given, in order. */
export class Least<T> {
  private readonly kept: T[] = [];
  constructor(
    private readonly k: number,
    private readonly compare: (a: T, b: T) => number,
  ) {}

  /** The last of the k kept so far: what does not come before it is out; undefined until there are k. */
  get worst(): T | undefined {
    return this.kept.length === this.k ? this.kept[this.k - 1] : undefined;
  }

  /** Keeps `item` if it is among the k least so far. */
  add(item: T): void {
    const { worst } = this;
    if (worst !== undefined && this.compare(item, worst) >= 0) return;
    let low = 0;
    let high = this.kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.compare(this.kept[middle]!, item) <= 0) low = middle + 1;
      else high = middle;
    }
    this.kept.splice(low, 0, item);
    if (this.kept.length > this.k) this.kept.pop();
  }

  get items(): readonly T[] {
    return this.kept;
  }
}

interface Group {
  samples: number;
  best: number;
  total: number;
  /** Σ of the person's embeddings, for the centroid only. */
  readonly sum: Float64Array | undefined;
}

/** Collects the people of a gallery page by page and ranks them against one query. */
export class PersonRanking {
  private readonly groups = new Map<string, Group>();
  constructor(
    private readonly query: Float32Array,
    private readonly rule: DecisionRule,
  ) {}

  /** Ranks the next page of samples. */
  add({ ids, people, vectors }: VectorPage): void {
    for (let row = 0; row < ids.length; row++) {
      const group = this.groupOf(people[row]!);
      group.samples++;
      if (group.sum) {
        for (let i = 0; i < DIMENSION; i++) group.sum[i]! += vectors[row * DIMENSION + i]!;
        continue;
      }
      const distance = squaredDistance(this.query, vectors, row * DIMENSION);
      group.best = Math.min(group.best, distance);
      group.total += distance;
    }
  }

  /** The k nearest people, nearest first; ties by name. */
  top(k: number): readonly Candidate[] {
    const least = new Least<Candidate>(
      k,
      (a, b) => a.distance - b.distance || compareText(a.person, b.person),
    );
    for (const [person, group] of this.groups) {
      least.add({ person, distance: this.distanceOf(group) });
    }
    return least.items;
  }

  private groupOf(person: string): Group {
    const known = this.groups.get(person);
    if (known) return known;
    const sum = this.rule === 'centroid' ? new Float64Array(DIMENSION) : undefined;
    const group: Group = { samples: 0, best: Number.POSITIVE_INFINITY, total: 0, sum };
    this.groups.set(person, group);
    return group;
  }

  private distanceOf({ samples, best, total, sum }: Group): number {
    if (!sum) return this.rule === 'best' ? best : total / samples;
    const length = Math.sqrt(normSquared(sum));
    // Samples that cancel have no direction: as far away as can be.
    if (length === 0) return 4;
    let distance = 0;
    for (let i = 0; i < DIMENSION; i++) distance += (this.query[i]! - sum[i]! / length) ** 2;
    return distance;
  }
}
