// Which samples make the batch of a step: pure functions of a seed and the step, so that a training resumes anywhere.
import { InputError } from '../base/errors.js';
import { hash32 } from '../base/random.js';

/** Samples of a step, by number. */
export interface Sampler {
  /** Samples of a batch. */
  readonly batch: number;
  /** Steps in which every sample, or every person, is seen once; a fraction. */
  readonly stepsPerEpoch: number;
  /** The batch of step `step`, from 1. */
  at(step: number): number[];
}

/** 0..count-1 in an order that depends on the seed and the round alone (Fisher and Yates; R. Durstenfeld, 1964). */
export function shuffled(count: number, seed: number, round: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const stream = hash32(seed, round);
  for (let i = count - 1; i > 0; i--) {
    // The remainder is uneven by less than count / 2^32.
    const j = hash32(stream, i) % (i + 1);
    const other = order[j]!;
    order[j] = order[i]!;
    order[i] = other;
  }
  return order;
}

/** An endless row of rounds, each a permutation; keeps the last two that were asked for. */
class Rounds {
  private readonly kept = new Map<number, Uint32Array>();

  constructor(
    private readonly count: number,
    private readonly seed: number,
  ) {}

  at(position: number): number {
    const round = Math.floor(position / this.count);
    let order = this.kept.get(round);
    if (!order) {
      order = shuffled(this.count, this.seed, round);
      this.kept.set(round, order);
      if (this.kept.size > 2) this.kept.delete(Math.min(...this.kept.keys()));
    }
    return order[position % this.count]!;
  }
}

/** Every sample once a round, in a new order each; batches run on from one round into the next. */
export function plainSampler(count: number, batch: number, seed: number): Sampler {
  if (count < 1) throw new InputError('sampler: there is no sample');
  checkSize('batch', batch, 1);
  const rounds = new Rounds(count, seed);
  return {
    batch,
    stepsPerEpoch: count / batch,
    at: (step) => Array.from({ length: batch }, (_, i) => rounds.at((step - 1) * batch + i)),
  };
}

/**
 * P people and K pictures of each (Schroff et al., FaceNet, section 3.2): people by rounds, so that all are seen equally
 * often, their pictures at random. `people` lists each one's samples; those with fewer than K are seen several times in a
 * batch, each time varied anew. InputError where there are fewer than P people, or P or
 * K is below 2: there would be no triplet.
 */
export function peopleSampler(
  people: readonly (readonly number[])[],
  perBatch: number,
  perPerson: number,
  seed: number,
): Sampler {
  checkSize('people of a batch', perBatch, 2);
  checkSize('pictures of a person', perPerson, 2);
  if (people.length < perBatch) {
    throw new InputError(
      `sampler: a batch needs ${perBatch} people with at least two pictures, there are ${people.length}`,
    );
  }
  const poor = people.find((samples) => samples.length < 2);
  if (poor) throw new InputError(`sampler: every person needs two pictures, one has ${poor.length}`);
  const rounds = new Rounds(people.length, hash32(seed, 0));
  return {
    batch: perBatch * perPerson,
    stepsPerEpoch: people.length / perBatch,
    at(step) {
      // A person may come at the end of one round and the beginning of the next: not twice in a batch.
      const chosen = new Set<number>();
      for (let i = 0, at = (step - 1) * perBatch; chosen.size < perBatch; i++) {
        chosen.add(i < perBatch ? rounds.at(at + i) : hash32(hash32(seed, at), i) % people.length);
      }
      return [...chosen].flatMap((person) => {
        const own = people[person]!;
        const order = shuffled(own.length, hash32(hash32(seed, 1), person), step);
        return Array.from({ length: perPerson }, (_, k) => own[order[k % own.length]!]!);
      });
    },
  };
}

function checkSize(what: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new InputError(`sampler: ${what} must be a whole number of at least ${least}, got ${value}`);
}
