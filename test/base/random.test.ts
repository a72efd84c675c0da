import { describe, expect, it } from 'vitest';
import { hash32, normal, uniform } from '../../src/base/random.js';

const SEEDS = [0, 1, 2, 12345, 0xffffffff];
const COUNT = 65536;

/** sum (observed - expected)^2 / expected over equally likely bins. */
function chiSquare(bins: ArrayLike<number>): number {
  const counts = Array.from(bins);
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Chi-square has mean `freedom` and variance 2 * freedom; five deviations either way are one in a million. */
function expectPlausible(statistic: number, freedom: number): void {
  expect(Math.abs(statistic - freedom)).toBeLessThan(5 * Math.sqrt(2 * freedom));
}

describe.each(SEEDS)('seed %i', (seed) => {
  it('uniform fills [0,1) evenly', () => {
    const bins = new Uint32Array(256);
    let outside = 0;
    for (let i = 0; i < COUNT; i++) {
      const value = uniform(seed, i);
      if (value < 0 || value >= 1) outside++;
      bins[Math.floor(value * 256)]!++;
    }
    expect(outside).toBe(0);
    expectPlausible(chiSquare(bins), 255);
  });

  it('uniform: neighbours are independent', () => {
    const bins = new Uint32Array(256);
    for (let i = 0; i < COUNT; i++) {
      bins[Math.floor(uniform(seed, 2 * i) * 16) * 16 + Math.floor(uniform(seed, 2 * i + 1) * 16)]!++;
    }
    expectPlausible(chiSquare(bins), 255);
  });

  it('every bit of the hash is set half of the time', () => {
    const set = new Uint32Array(32);
    for (let i = 0; i < COUNT; i++)
      for (let bit = 0; bit < 32; bit++) set[bit]! += (hash32(seed, i) >>> bit) & 1;
    for (const count of set) expect(Math.abs(count - COUNT / 2)).toBeLessThan(5 * Math.sqrt(COUNT / 4));
  });

  it('normal has the moments of a standard normal', () => {
    const sums = [0, 0, 0, 0];
    for (let i = 0; i < COUNT; i++) for (let k = 1; k <= 4; k++) sums[k - 1]! += normal(seed, i) ** k;
    const moments = sums.map((sum) => sum / COUNT);
    // Variances of the k-th powers: 1, 2, 15, 96.
    for (const [k, [mean, variance]] of [
      [0, 1],
      [1, 2],
      [0, 15],
      [3, 96],
    ].entries()) {
      expect(Math.abs(moments[k]! - mean!)).toBeLessThan(5 * Math.sqrt(variance! / COUNT));
    }
  });
});

it('streams of neighbouring seeds are uncorrelated', () => {
  let product = 0;
  for (let i = 0; i < COUNT; i++) product += normal(1, i) * normal(2, i);
  expect(Math.abs(product)).toBeLessThan(5 * Math.sqrt(COUNT));
});

it('a value depends on seed and index alone', () => {
  const forwards = Array.from({ length: 100 }, (_, i) => normal(7, i));
  const backwards = Array.from({ length: 100 }, (_, i) => normal(7, 99 - i)).reverse();
  expect(backwards).toEqual(forwards);
  expect(new Set(forwards).size).toBe(100);
});

// From a second implementation, in Python's unbounded integers:
//   def hash32(seed, i):
//     s = ((i ^ 0x9e3779b9) * 747796405 + seed * 2891336453 + 277803737) % 2**32
//     for _ in range(2):
//       s = (s * 747796405 + 2891336453) % 2**32
//       w = ((s >> ((s >> 28) + 4)) ^ s) * 277803737 % 2**32
//       s = (w >> 22) ^ w
//     return s
it('the bits are those of a second implementation, so that seeds mean the same in every version', () => {
  const hashes = [hash32(0, 0), hash32(0, 1), hash32(1, 0), hash32(0xffffffff, 0xffffffff)];
  expect(hashes).toEqual([3434355318, 1293663616, 4007925969, 701487843]);
  expect([uniform(42, 0), uniform(42, 1)]).toEqual([11416687 / 2 ** 24, 7738321 / 2 ** 24]);
});
