// Golden values of an independent float64 implementation. They lie outside the project: FACET_SHARED names the
// folder, `shared` beside the clone where it is unset; where there is none these tests are skipped and counted.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseSafetensors, type StoredTensor, tensorValues } from '../../src/nets/safetensors.js';

const candidate = resolve(process.env.FACET_SHARED ?? '../shared');

/** The folder of golden values, or undefined. */
export const sharedFolder = existsSync(join(candidate, 'golden', 'golden.json')) ? candidate : undefined;

export function sharedPath(...parts: string[]): string {
  return join(sharedFolder!, ...parts);
}

export interface Golden {
  tensor(name: string): { shape: readonly number[]; values: Float32Array };
  readonly json: unknown;
}

export function loadGolden(): Golden {
  const path = sharedPath('golden', 'golden.safetensors');
  const { tensors } = parseSafetensors(readFileSync(path), path);
  return {
    tensor(name) {
      const t: StoredTensor | undefined = tensors.get(name);
      if (!t) throw new Error(`golden.safetensors has no ${name}`);
      return { shape: t.shape, values: tensorValues(t) };
    },
    json: JSON.parse(readFileSync(sharedPath('golden', 'golden.json'), 'utf8')),
  };
}

/** ‖a − b‖₂ / ‖b‖₂. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return actual.length === expected.length ? Math.sqrt(difference / norm) : Number.POSITIVE_INFINITY;
}
