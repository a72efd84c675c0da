import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/base/errors.js';
import { peopleSampler, plainSampler, shuffled } from '../../src/training/samplers.js';

const sorted = (values: Iterable<number>) => [...values].sort((a, b) => a - b);

describe('shuffled', () => {
  it('is a permutation that depends on seed and round', () => {
    const order = shuffled(50, 7, 3);
    expect(sorted(order)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(shuffled(50, 7, 3)).toEqual(order);
    expect(shuffled(50, 7, 4)).not.toEqual(order);
    expect(shuffled(50, 8, 3)).not.toEqual(order);
  });
  it('puts each number in each place about equally often', () => {
    const counts = new Array<number>(16).fill(0);
    for (let round = 0; round < 4000; round++) {
      const order = shuffled(4, 1, round);
      for (const [place, value] of order.entries()) counts[4 * place + value]!++;
    }
    // 1000 expected, with a standard deviation of 27.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(140);
  });
});

describe('plainSampler', () => {
  it('sees every sample once a round, whatever step it starts from', () => {
    const sampler = plainSampler(10, 4, 1);
    const seen = [1, 2, 3, 4, 5].flatMap((step) => sampler.at(step));
    expect(sorted(seen.slice(0, 10))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(sorted(seen.slice(10))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(plainSampler(10, 4, 1).at(4)).toEqual(sampler.at(4));
    expect(sampler.stepsPerEpoch).toBe(2.5);
  });
});

describe('peopleSampler', () => {
  const people = [
    [0, 1, 2, 3],
    [4, 5],
    [6, 7, 8],
    [9, 10],
    [11, 12],
  ];
  const personOf = (sample: number) => people.findIndex((own) => own.includes(sample));

  it('takes K pictures of each of P different people', () => {
    const sampler = peopleSampler(people, 3, 2, 5);
    const times = new Array<number>(people.length).fill(0);
    for (let step = 1; step <= 50; step++) {
      const batch = sampler.at(step);
      expect(batch).toHaveLength(6);
      const chosen = [batch[0]!, batch[2]!, batch[4]!].map(personOf);
      expect(new Set(chosen).size).toBe(3);
      for (const [i, person] of chosen.entries()) {
        expect(personOf(batch[2 * i + 1]!)).toBe(person);
        expect(batch[2 * i + 1]).not.toBe(batch[2 * i]);
        times[person]!++;
      }
      expect(peopleSampler(people, 3, 2, 5).at(step)).toEqual(batch);
    }
    expect(Math.min(...times)).toBeGreaterThan(20);
  });
  it('repeats the pictures of a person who has fewer than K', () => {
    const batch = peopleSampler(people, 5, 4, 5).at(1);
    const counts = [0, 1, 2, 3, 4].map((person) => batch.filter((sample) => personOf(sample) === person));
    for (const own of counts) expect(own).toHaveLength(4);
    expect(sorted(new Set(counts[1]))).toEqual([4, 5]);
  });
  it.each([
    [() => peopleSampler(people, 6, 2, 1), /needs 6 people with at least two pictures, there are 5/],
    [() => peopleSampler(people, 1, 2, 1), /people of a batch must be a whole number of at least 2, got 1/],
    [() => peopleSampler(people, 2, 1, 1), /pictures of a person must be/],
    [() => peopleSampler([[1], [2, 3]], 2, 2, 1), /every person needs two pictures, one has 1/],
    [() => plainSampler(0, 2, 1), /there is no sample/],
  ])('refuses %#', (make, rule) => {
    expect(make).toThrow(InputError);
    expect(make).toThrow(rule);
  });
});
