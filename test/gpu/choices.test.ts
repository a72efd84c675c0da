import { describe, expect, it } from 'vitest';
import { KernelError } from '../../src/base/errors.js';
import { bucketOf, choose } from '../../src/gpu/choices.js';

const tunable = { family: 'conv2d', bucket: 'small', candidates: ['direct', 'tiled'] };

describe('choose', () => {
  it('takes the default where nothing is named', () => {
    expect(choose(undefined, tunable)).toBe('direct');
    expect(choose({ gram: { small: 'tiled' } }, tunable)).toBe('direct');
  });
  it('takes what is named for the bucket, else for every bucket', () => {
    expect(choose({ conv2d: { small: 'tiled' } }, tunable)).toBe('tiled');
    expect(choose({ conv2d: { '*': 'tiled' } }, tunable)).toBe('tiled');
    expect(choose({ conv2d: { small: 'direct', '*': 'tiled' } }, tunable)).toBe('direct');
  });
  it('passes over what does not apply', () => {
    expect(choose({ conv2d: { small: 'winograd', '*': 'tiled' } }, tunable)).toBe('tiled');
    expect(choose({ conv2d: { small: 'winograd' } }, tunable)).toBe('direct');
  });
  it('refuses a forced candidate that does not apply, naming those that do', () => {
    expect(choose({ conv2d: { small: 'tiled' } }, tunable, 'direct')).toBe('direct');
    expect(() => choose(undefined, tunable, 'winograd')).toThrow(KernelError);
    expect(() => choose(undefined, tunable, 'winograd')).toThrow(
      'conv2d: winograd does not apply to small on this adapter; there is direct, tiled',
    );
  });
});

it('a bucket is the next power of two', () => {
  expect([0, 1, 3, 64, 65].map(bucketOf)).toEqual([1, 1, 4, 64, 128]);
});
