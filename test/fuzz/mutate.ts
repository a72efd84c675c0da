// What hostile bytes and texts are made of, and what every reader of them must hold to.
import fc from 'fast-check';
import { expect } from 'vitest';
import { FacetError } from '../../src/base/errors.js';

/** Cases over all targets: a nightly run sets FACET_FUZZ_CASES=100000. */
export const CASES = Number(process.env.FACET_FUZZ_CASES ?? 2400);
/** The same in each run unless told; a failure prints it with the path to its case. */
export const SEED = Number(process.env.FACET_FUZZ_SEED ?? 20261123);
/** Longest that a case may take, in ms of this process's own time: other work on the machine does not count. */
const HANG = 5000;

/** One change of some bytes; places are shares of the length. */
type Change =
  | { readonly kind: 'set'; readonly at: number; readonly value: number }
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'repeat'; readonly at: number; readonly length: number; readonly times: number }
  | { readonly kind: 'number'; readonly at: number; readonly value: bigint; readonly little: boolean }
  | { readonly kind: 'end'; readonly at: number };

/** Most mistakes of readers are at the beginning, where sizes and counts stand. */
const place = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 0.05, noNaN: true }),
);
const LIMITS = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n,
];

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: place, value: fc.nat(255) }),
  fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('cut' as const), at: place, length: fc.nat(64) }),
  fc.record({ kind: fc.constant('insert' as const), at: place, bytes: fc.uint8Array({ maxLength: 32 }) }),
  fc.record({
    kind: fc.constant('repeat' as const),
    at: place,
    length: fc.nat(32),
    times: fc.integer({ min: 1, max: 64 }),
  }),
  fc.record({
    kind: fc.constant('number' as const),
    at: place,
    value: fc.oneof(fc.constantFrom(...LIMITS), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    little: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('end' as const), at: place }),
);

/** Some changes of one of `seeds`. */
export function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Buffer<ArrayBuffer>> {
  return fc
    .tuple(fc.constantFrom(...seeds.keys()), fc.array(change, { minLength: 1, maxLength: 6 }))
    .map(([seed, changes]) => changes.reduce(apply, Buffer.from(new Uint8Array(seeds[seed]!))));
}

/** The same of texts. */
export function mutatedText(seeds: readonly string[]): fc.Arbitrary<string> {
  return mutated(seeds.map((seed) => Buffer.from(seed))).map((bytes) => bytes.toString('utf8'));
}

function apply(bytes: Buffer<ArrayBuffer>, one: Change): Buffer<ArrayBuffer> {
  const at = Math.min(bytes.length, Math.floor(one.at * bytes.length));
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (one.kind) {
    case 'set':
      if (at < bytes.length) bytes[at] = one.value;
      return bytes;
    case 'flip':
      if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << one.bit);
      return bytes;
    case 'cut':
      return Buffer.concat([head, tail.subarray(one.length)]);
    case 'insert':
      return Buffer.concat([head, one.bytes, tail]);
    case 'repeat': {
      const part = tail.subarray(0, one.length);
      return Buffer.concat([head, ...Array.from({ length: one.times }, () => part), tail]);
    }
    case 'number': {
      const word = Buffer.alloc(8);
      if (one.little) word.writeBigUInt64LE(one.value);
      else word.writeBigUInt64BE(one.value);
      const size = one.value < 2n ** 32n ? 4 : 8;
      const shown = one.little ? word.subarray(0, size) : word.subarray(8 - size);
      return Buffer.concat([head, shown, tail.subarray(size)]);
    }
    case 'end':
      return Buffer.from(head);
  }
}

/** How many cases were run, of all targets of a file. */
export const counted = { cases: 0 };

/** `read` takes each input or throws an error of ours, in time. */
export async function survives<T>(
  inputs: fc.Arbitrary<T>,
  share: number,
  read: (input: T) => unknown,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      counted.cases++;
      const start = process.cpuUsage();
      try {
        await read(input);
      } catch (error) {
        if (!(error instanceof FacetError)) throw error;
        expect(error.message.length, error.message).toBeLessThan(2000);
        expect(error.message.split('\n'), error.message).toHaveLength(1);
      }
      const { user, system } = process.cpuUsage(start);
      expect((user + system) / 1000).toBeLessThan(HANG);
    }),
    { seed: SEED, numRuns: Math.max(1, Math.round(CASES * share)), verbose: 1 },
  );
}
