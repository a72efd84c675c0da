// Weights as TensorFlow.js keeps them: a JSON manifest that lists tensors, and shards with their bytes one after
// another, float32 or quantised to unsigned integers (value = min + scale * q). Filters are stored [R,S,C,K] and
// turned into [K,C,R,S] here, matrices [D,K] into [K,D]. A file is untrusted: every number is checked before it is used.
import { z } from 'zod';
import { WeightsError } from '../base/errors.js';
import { formatShape, sizeOf } from '../base/shape.js';
import type { WeightTensor } from './manifest.js';

const entry = z.object({
  name: z.string().min(1),
  shape: z.array(z.int().positive()),
  dtype: z.literal('float32'),
  quantization: z
    .object({ dtype: z.enum(['uint8', 'uint16']), scale: z.number(), min: z.number() })
    .optional(),
});
const manifestSchema = z.array(
  z.object({ paths: z.array(z.string().min(1)).min(1), weights: z.array(entry).min(1) }),
);

/** Groups of tensors with the shards that hold them. */
export type QuantizedManifest = z.infer<typeof manifestSchema>;
type Entry = z.infer<typeof entry>;

/** Reads a manifest's text. WeightsError where it is not one. */
export function parseQuantizedManifest(text: string, where: string): QuantizedManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new WeightsError(`${where}: not JSON: ${JSON.stringify((error as Error).message)}`, {
      cause: error,
    });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new WeightsError(`${where}: no weights manifest: ${issue.path.join('.') || 'it'}: ${issue.message}`);
}

/**
 * The tensors of a manifest by name, as float32. `shard(path)` gives the bytes of one of its files. Rank-4 tensors
 * are filters and come as [K,C,R,S], a depthwise filter [R,S,C,1] as [C,1,R,S], a matrix [D,K] as [K,D]. WeightsError
 * naming tensor and numbers where bytes are missing or left over.
 */
export function readQuantizedWeights(
  manifest: QuantizedManifest,
  shard: (path: string) => Uint8Array,
  where: string,
): Map<string, WeightTensor> {
  const tensors = new Map<string, WeightTensor>();
  for (const { paths, weights } of manifest) {
    const bytes = concatenated(paths.map(shard));
    let at = 0;
    for (const spec of weights) {
      const place = `${where}: tensor ${spec.name} ${formatShape(spec.shape)}`;
      if (tensors.has(spec.name)) throw new WeightsError(`${place} is listed twice`);
      const length = sizeOf(spec.shape) * bytesPerValue(spec);
      if (at + length > bytes.length) {
        throw new WeightsError(
          `${place} ends at byte ${at + length}, ${paths.join(', ')} has ${bytes.length}`,
        );
      }
      const values = valuesOf(spec, bytes.subarray(at, at + length));
      if (!values.every(Number.isFinite)) throw new WeightsError(`${place} holds a value that is not finite`);
      tensors.set(spec.name, turned(spec, values));
      at += length;
    }
    if (at !== bytes.length) {
      throw new WeightsError(
        `${where}: ${paths.join(', ')} has ${bytes.length} bytes, its tensors take ${at}`,
      );
    }
  }
  return tensors;
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function bytesPerValue({ quantization }: Entry): number {
  return quantization ? { uint8: 1, uint16: 2 }[quantization.dtype] : 4;
}

function valuesOf(spec: Entry, bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { quantization } = spec;
  return Float32Array.from({ length: sizeOf(spec.shape) }, (_, i) => {
    if (!quantization) return view.getFloat32(4 * i, true);
    const q = quantization.dtype === 'uint8' ? view.getUint8(i) : view.getUint16(2 * i, true);
    return quantization.min + quantization.scale * q;
  });
}

/** In the order of Facet: outputs first. */
function turned(spec: Entry, values: Float32Array): WeightTensor {
  if (spec.shape.length === 4) return filterOf(spec, values);
  if (spec.shape.length !== 2) return { shape: spec.shape, values };
  const [d, k] = spec.shape as [number, number];
  return { shape: [k, d], values: values.map((_, i) => values[(i % d) * k + Math.floor(i / d)]!) };
}

/** [R,S,C,K] -> [K,C,R,S]; a depthwise [R,S,C,1] -> [C,1,R,S]. */
function filterOf({ name, shape }: Entry, values: Float32Array): WeightTensor {
  const [r, s, c, k] = shape as unknown as [number, number, number, number];
  const depthwise = name.includes('depthwise');
  const out = new Float32Array(values.length);
  for (let tap = 0; tap < r * s; tap++)
    for (let i = 0; i < c; i++)
      for (let o = 0; o < k; o++) {
        const to = depthwise ? (i * k + o) * r * s + tap : (o * c + i) * r * s + tap;
        out[to] = values[(tap * c + i) * k + o]!;
      }
  return { shape: depthwise ? [c * k, 1, r, s] : [k, c, r, s], values: out };
}
