// What the digest of a net's weights is taken over, so that every platform pins the same contract.
import type { WeightTensor } from './manifest.js';

/**
 * Names, shapes and f32 values in the order of the names, as bytes to hash with SHA-256: the same net out of CSV files,
 * of safetensors and of quantised shards has the same digest.
 */
export function* digestParts(tensors: ReadonlyMap<string, WeightTensor>): Generator<Uint8Array<ArrayBuffer>> {
  const text = new TextEncoder();
  for (const [name, { shape, values }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield text.encode(`${name} ${shape.join('x')}\n`);
    yield new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
  }
}
