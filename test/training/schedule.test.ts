import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/base/errors.js';
import { checkSchedule, learningRateAt, type Schedule } from '../../src/training/schedule.js';

const rates = (s: Schedule, steps: readonly number[]) => steps.map((step) => learningRateAt(s, step));

describe('learning rates by hand', () => {
  it('constant', () => expect(rates({ kind: 'constant', rate: 0.5 }, [1, 1000])).toEqual([0.5, 0.5]));
  it('a warm-up rises in equal parts to the rate', () =>
    expect(rates({ kind: 'constant', rate: 1, warmup: 4 }, [1, 2, 3, 4, 5])).toEqual([
      0.25, 0.5, 0.75, 1, 1,
    ]));
  it('steps fall behind the steps named', () =>
    expect(rates({ kind: 'step', rate: 8, at: [2, 4], factor: 0.5 }, [1, 2, 3, 4, 5])).toEqual([
      8, 8, 4, 4, 2,
    ]));
  it('a cosine goes from the rate over half of it to the floor', () => {
    const s: Schedule = { kind: 'cosine', rate: 3, steps: 5, floor: 1 };
    const [first, , middle, , last, beyond] = rates(s, [1, 2, 3, 4, 5, 99]);
    expect([first, last, beyond]).toEqual([3, 1, 1]);
    expect(middle).toBeCloseTo(2, 12);
  });
  it('a cosine with warm-up has the whole rate once', () => {
    const s: Schedule = { kind: 'cosine', rate: 2, steps: 7, warmup: 2 };
    expect(rates(s, [1, 2, 3, 7])).toEqual([1, 2, 2, 0]);
    for (let step = 4; step <= 7; step++)
      expect(learningRateAt(s, step)).toBeLessThan(learningRateAt(s, step - 1));
  });
  it('a cosine of one step behind the warm-up', () =>
    expect(rates({ kind: 'cosine', rate: 2, steps: 3, warmup: 2 }, [3, 4])).toEqual([2, 0]));
});

it.each<[string, Schedule]>([
  ['rate', { kind: 'constant', rate: 0 }],
  ['rate', { kind: 'constant', rate: Number.NaN }],
  ['warmup', { kind: 'constant', rate: 1, warmup: 0.5 }],
  ['factor', { kind: 'step', rate: 1, at: [3], factor: 0 }],
  ['at', { kind: 'step', rate: 1, at: [3, 3], factor: 0.5 }],
  ['steps', { kind: 'cosine', rate: 1, steps: 5, warmup: 5 }],
  ['floor', { kind: 'cosine', rate: 1, steps: 5, floor: 2 }],
])('refuses a bad %s', (name, s) => {
  expect(() => checkSchedule(s)).toThrow(InputError);
  expect(() => checkSchedule(s)).toThrow(name);
});

it('takes sound ones', () => {
  checkSchedule({ kind: 'constant', rate: 1, warmup: 3 });
  checkSchedule({ kind: 'step', rate: 1, at: [], factor: 1 });
  checkSchedule({ kind: 'cosine', rate: 1, steps: 1 });
});
