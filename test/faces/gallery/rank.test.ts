import { describe, expect, it } from 'vitest';
import { compareText } from '../../../src/faces/gallery/distance.js';
import { Least, namedOnce } from '../../../src/faces/gallery/rank.js';
import { decide, squaredDistance, verify } from '../../../src/faces/index.js';
import { atAngle, bruteDistance, direction } from './samples.js';

describe('distance', () => {
  it('of orthogonal and of opposite embeddings is 2 and 4', () => {
    const axis = (i: number, x: number) => new Float32Array(128).fill(x, i, i + 1);
    expect(squaredDistance(axis(0, 1), axis(127, 1))).toBe(2);
    expect(squaredDistance(axis(5, 1), axis(5, -1))).toBe(4);
  });
  it('agrees with the plain sum, at an offset too', () => {
    const block = new Float32Array(384);
    block.set(direction(1), 256);
    // Two orders of 128 positive terms below 4 in all differ by at most 128 · 2⁻⁵³ · 4.
    const bound = 128 * 2 ** -53 * 4;
    expect(
      Math.abs(squaredDistance(direction(2), block, 256) - bruteDistance(direction(2), direction(1))),
    ).toBeLessThan(bound);
  });
});

describe('verify', () => {
  it('says same below the threshold only', () => {
    const [a, b] = [atAngle(0), atAngle(Math.PI / 2)];
    const { distance } = verify(a, b, 1);
    expect(verify(a, b, distance).same).toBe(false);
    expect(verify(a, b, distance * (1 + 2 ** -52)).same).toBe(true);
    expect(verify(a, a, 0.1)).toEqual({ distance: 0, threshold: 0.1, same: true });
  });
});

describe('decide', () => {
  it('names the nearest below the threshold', () => {
    const candidates = [{ person: 'Ann', distance: 0.5 }];
    expect(decide(candidates, 0.5).person).toBeNull();
    expect(decide(candidates, 0.51).person).toBe('Ann');
    expect(decide([], 4).person).toBeNull();
  });
});

describe('the k least', () => {
  it('are those of a sort', () => {
    const numbers = Array.from({ length: 500 }, (_, i) => (i * 7919) % 251);
    for (const k of [1, 7, 251, 1000]) {
      const least = new Least<number>(k, (a, b) => a - b);
      for (const x of numbers) least.add(x);
      expect(least.items).toEqual([...numbers].sort((a, b) => a - b).slice(0, k));
    }
  });
});

describe('the order of names', () => {
  it('is that of UTF-8', () => {
    const names = [
      '',
      'a',
      'ab',
      'b',
      'Z',
      'ä',
      '\uD7FF',
      '\uE000',
      '\uFB01',
      '\u{10000}',
      '\u{1F600}',
      'a\u{1F600}',
      'a\uFB01',
    ];
    const expected = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...names].reverse().sort(compareText)).toEqual(expected);
  });
});

describe('the faces of one picture', () => {
  const face = (person: string, distance: number, threshold = 1) => decide([{ person, distance }], threshold);

  it('have a name once, the nearest face keeps it', () => {
    const faces = namedOnce([
      face('Ann', 0.5),
      face('Bob', 0.3),
      face('Ann', 0.2),
      face('Ann', 0.2),
      face('Bob', 2),
    ]);
    expect(faces.map(({ person, taken }) => [person, taken])).toEqual([
      [null, true],
      ['Bob', false],
      ['Ann', false],
      [null, true],
      // Unknown by its own distance.
      [null, false],
    ]);
  });
});
