import { expect, it } from 'vitest';
import { type Lane, race, winner } from '../../src/graph/race.js';

/** Lanes whose clock is `timeOf(name, call)`, and the order in which they were run. */
function lanesOf(names: readonly string[], timeOf: (name: string, call: number) => number) {
  const order: string[] = [];
  const lanes = names.map((name): Lane => {
    let calls = 0;
    return {
      name,
      time: async () => {
        order.push(name);
        return timeOf(name, calls++);
      },
    };
  });
  return { lanes, order };
}

it('takes turns, each round beginning with another lane', async () => {
  const { lanes, order } = lanesOf(['a', 'b', 'c'], () => 1);
  const times = await race(lanes, 3);
  expect(order.join('')).toBe('abcbcacab');
  expect([...times!].map(([name, all]) => [name, all.length])).toEqual([
    ['a', 3],
    ['b', 3],
    ['c', 3],
  ]);
});

it('gives up what is three times slower in two rounds, but never the default', async () => {
  const { lanes } = lanesOf(['a', 'b', 'c'], (name) => ({ a: 10, b: 1, c: 3.1 })[name]!);
  const times = (await race(lanes, 5))!;
  expect([...times.values()].map(({ length }) => length)).toEqual([5, 5, 2]);
  const once = lanesOf(['a', 'b'], (name, call) => (name === 'b' && call === 0 ? 9 : 1));
  expect((await race(once.lanes, 4))!.get('b')).toEqual([9, 1, 1, 1]);
});

it('ends between two runs when told', async () => {
  const abort = new AbortController();
  const { lanes, order } = lanesOf(['a', 'b'], () => {
    if (order.length === 3) abort.abort();
    return 1;
  });
  expect(await race(lanes, 5, abort.signal)).toBeUndefined();
  expect(order).toHaveLength(3);
});

it('keeps the default within 5 % and within the noise, whatever the drift', () => {
  const times = (base: number[], other: number[]) =>
    new Map([
      ['base', base],
      ['other', other],
    ]);
  expect(winner(times([10, 10, 10, 10], [9.6, 9.6, 9.6, 9.6]))).toBe('base');
  expect(winner(times([10, 10, 10, 10], [9.4, 9.4, 9.4, 9.4]))).toBe('other');
  // Faster in the median, but not in three quarters of the rounds.
  expect(winner(times([10, 10, 10, 10], [8, 8, 12, 12]))).toBe('base');
  // The machine slows down to a fifth: the ratio of each round still tells.
  expect(winner(times([10, 20, 40, 50], [8, 16, 32, 40]))).toBe('other');
});

it('takes the fastest of several that win, also by the rounds before they were given up', () => {
  const times = new Map([
    ['base', [10, 10, 10]],
    ['good', [8, 8, 8]],
    ['best', [5, 5, 5]],
    ['lost', [40, 40]],
  ]);
  expect(winner(times)).toBe('best');
  expect(winner(new Map([['only', [3, 3]]]))).toBe('only');
});
