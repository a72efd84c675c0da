// Samples for tests: random directions, and crop hashes that follow from a text.
import { createHash } from 'node:crypto';
import { normal } from '../../../src/base/random.js';
import type { ModelContract, NewSample } from '../../../src/faces/index.js';

/** SHA-256 of a text. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const CONTRACT: ModelContract = {
  net: 'resnet34',
  weights: sha256('weights'),
  template: 'dlib-150',
  dimension: 128,
};
export const OTHER: ModelContract = { ...CONTRACT, net: 'nn4.small2', weights: sha256('other') };

/** Values of [128] scaled to length 1. */
export function unit(values: ArrayLike<number>): Float32Array {
  let squared = 0;
  for (let i = 0; i < values.length; i++) squared += values[i]! ** 2;
  return Float32Array.from(values, (x) => x / Math.sqrt(squared));
}

/** Direction `seed` of length 1, uniform on the sphere. */
export function direction(seed: number): Float32Array {
  const values = new Float64Array(128);
  for (let i = 0; i < 128; i++) values[i] = normal(seed, i);
  return unit(values);
}

/** The vector of length 1 at an angle from the first axis towards the second, in radians. */
export function atAngle(angle: number): Float32Array {
  const values = new Float32Array(128);
  values[0] = Math.cos(angle);
  values[1] = Math.sin(angle);
  return values;
}

/** Sample `seed` of a person. */
export function sampleOf(person: string, seed: number, more: Partial<NewSample> = {}): NewSample {
  return {
    person,
    embedding: direction(seed),
    cropHash: sha256(`crop ${seed}`),
    source: `photos/${seed}.jpg`,
    ...more,
  };
}

/** The squared distance, in the plainest way. */
export function bruteDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}

/** Everything that an async iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
