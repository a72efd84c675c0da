import { describe, expect, it } from 'vitest';
import { normal } from '../../src/base/random.js';
import { clusterEmbeddings } from '../../src/faces/cluster.js';

const unit = (v: number[]) => v.map((x) => x / Math.hypot(...v));

/** `sizes[p]` unit vectors about a direction of person p, squared distance within a person about `spread`. */
function people(sizes: number[], spread: number, seed: number): { vectors: number[][]; truth: number[] } {
  const dimension = 128;
  let counter = 0;
  const draw = () => Array.from({ length: dimension }, () => normal(seed, counter++));
  const vectors: number[][] = [];
  const truth: number[] = [];
  for (const [person, size] of sizes.entries()) {
    const centre = unit(draw());
    for (let i = 0; i < size; i++) {
      const noise = draw().map((v) => v * Math.sqrt(spread / 2 / dimension));
      vectors.push(unit(centre.map((v, k) => v + noise[k]!)));
      truth.push(person);
    }
  }
  return { vectors, truth };
}

describe('clusters', () => {
  it('finds people, the largest group first, strangers alone', () => {
    const { vectors, truth } = people([3, 9, 1, 5, 1], 0.4, 7);
    const { labels, groups, rounds } = clusterEmbeddings(vectors, { threshold: 0.9 });
    expect(groups.map((group) => group.length)).toEqual([9, 5, 3, 1, 1]);
    for (const group of groups) expect(new Set(group.map((i) => truth[i])).size).toBe(1);
    expect([...labels].map((label, i) => groups[label]!.includes(i)).every(Boolean)).toBe(true);
    expect(rounds).toBeLessThan(10);
  });

  it('does not depend on where the embeddings stand, and the same seed gives the same groups', () => {
    const { vectors } = people([6, 6, 4, 2], 0.4, 3);
    const first = clusterEmbeddings(vectors, { threshold: 0.9 });
    expect(clusterEmbeddings(vectors, { threshold: 0.9 })).toEqual(first);
    const reversed = clusterEmbeddings(vectors.toReversed(), { threshold: 0.9, seed: 5 });
    const sets = (groups: readonly (readonly number[])[], from: (i: number) => number) =>
      groups
        .map((group) =>
          group
            .map(from)
            .sort((a, b) => a - b)
            .join(),
        )
        .sort();
    expect(sets(reversed.groups, (i) => vectors.length - 1 - i)).toEqual(sets(first.groups, (i) => i));
  });

  it('one false edge does not make one person of two, where a chain would', () => {
    // Two groups of five on a line, 0.1 apart within, and 0.28 from the last of the one to the first of the other.
    const line = [0, 0.05, 0.1, 0.15, 0.2, 0.48, 0.53, 0.58, 0.63, 0.68].map((x) => [x, 0]);
    const threshold = 0.3 ** 2;
    expect((line[5]![0]! - line[4]![0]!) ** 2).toBeLessThan(threshold);
    for (let seed = 0; seed < 20; seed++) {
      const { groups } = clusterEmbeddings(line, { threshold, seed });
      expect(groups).toEqual([
        [0, 1, 2, 3, 4],
        [5, 6, 7, 8, 9],
      ]);
    }
  });

  it('the threshold itself is not near enough; all alone, all one, none', () => {
    const two = [
      [0, 0],
      [1, 0],
    ];
    expect(clusterEmbeddings(two, { threshold: 1 }).groups).toEqual([[0], [1]]);
    expect(clusterEmbeddings(two, { threshold: 1.01 }).groups).toEqual([[0, 1]]);
    expect(clusterEmbeddings([], { threshold: 1 })).toEqual({
      labels: new Int32Array(),
      groups: [],
      rounds: 1,
    });
    const equal = Array.from({ length: 7 }, () => [1, 0]);
    expect(clusterEmbeddings(equal, { threshold: 0.5 }).groups).toEqual([[0, 1, 2, 3, 4, 5, 6]]);
  });

  it('refuses thresholds and embeddings that are none', () => {
    expect(() => clusterEmbeddings([[1]], { threshold: 0 })).toThrow(/above 0, got 0/);
    expect(() => clusterEmbeddings([[1]], { threshold: 1, maxRounds: 0 })).toThrow(/positive integer/);
    expect(() => clusterEmbeddings([[1, 2], [1]], { threshold: 1 })).toThrow(
      /embedding 1 must have 2 numbers.*got 1/,
    );
    expect(() => clusterEmbeddings([[1], [Number.NaN]], { threshold: 1 })).toThrow(/embedding 1 holds NaN/);
  });
});
