// What may enter a gallery: names, embeddings, facts and contracts, each refused with the rule and the numbers.
import { z } from 'zod';
import { InputError } from '../../base/errors.js';
import { normSquared } from './distance.js';
import { DIMENSION, type ModelContract, type NewSample, type Sample } from './types.js';

/**
 * How far the squared length of an embedding may lie from 1. Normalising in f32 errs by at most 132 · 2⁻²⁴
 * relative (128 products and sums under a root, the root, the division); 2⁻¹⁶ is that with a factor of two.
 */
const LENGTH_TOLERANCE = 2 ** -16;

const MAX_NAME = 200;

/** SHA-256 as text: 64 lower-case hexadecimal digits. */
const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');

/** Text that every store can keep: no NUL, no lone surrogate. */
const textSchema = z
  .string()
  .refine((s) => !/\0|\p{Surrogate}/u.test(s), 'must be valid Unicode without NUL characters');

/** A name of a person or of a collection, in Unicode's composed form (NFC), without space around it. */
export const nameSchema = z
  .string()
  .transform((s) => s.normalize('NFC').trim())
  .refine((s) => s.length > 0, 'must not be empty')
  .refine((s) => s.length <= MAX_NAME, `must have at most ${MAX_NAME} characters`)
  .refine(
    (s) => !/[\p{Cc}\p{Surrogate}\u2028\u2029]/u.test(s),
    'must have no control characters and no line breaks',
  );

/** A model contract. */
export const contractSchema: z.ZodType<ModelContract> = z.strictObject({
  net: z.string().min(1).max(MAX_NAME),
  weights: sha256Schema,
  template: z.string().min(1).max(MAX_NAME),
  dimension: z.literal(DIMENSION),
});

/** A threshold on the squared L2 of two embeddings of length 1. */
export const thresholdSchema = z.number().gt(0).max(4);

/** Time as galleries keep it: ISO 8601 in UTC. */
export const timeSchema = z.iso.datetime();

/** Everything about a sample but its embedding and its crop. */
export const factsSchema = {
  id: z.string().regex(/^[\w.:-]{1,64}$/, 'must be 1 to 64 letters, digits or any of _ . : -'),
  person: nameSchema,
  cropHash: sha256Schema,
  source: textSchema.max(4096),
  time: timeSchema,
  quality: z.record(textSchema.max(MAX_NAME), z.union([z.number(), textSchema, z.boolean()])),
} as const;

const sampleFacts = z.object(factsSchema);

/** Throws InputError unless `value` fits; the message begins with `where` and names the field. */
export function checked<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new InputError(`${where}: ${[...issue.path.map(String), issue.message].join(': ')}`, {
    cause: result.error,
  });
}

/** The name in the form that is stored; InputError where it cannot be one. */
export function checkName(name: string, what: 'person' | 'collection'): string {
  return checked(nameSchema, name, `the ${what}'s name ${JSON.stringify(name)}`);
}

/** Throws InputError unless `embedding` has 128 finite numbers and length 1. */
export function checkEmbedding(embedding: Float32Array, where: string): void {
  if (!(embedding instanceof Float32Array) || embedding.length !== DIMENSION) {
    const found = embedding instanceof Float32Array ? `${embedding.length} numbers` : typeof embedding;
    throw new InputError(`${where}: an embedding must be ${DIMENSION} f32 numbers, it is ${found}`);
  }
  const squared = normSquared(embedding);
  // Written so that NaN fails too.
  if (!(Math.abs(squared - 1) <= LENGTH_TOLERANCE)) {
    throw new InputError(
      `${where}: an embedding must have length 1 (to ${(LENGTH_TOLERANCE / 2).toPrecision(1)}), it has ${Math.sqrt(squared)}`,
    );
  }
}

/** A sample with all its fields, checked; InputError that begins with `where`. */
export function checkSample(sample: NewSample, where: string): Sample {
  const { embedding, crop = null, ...given } = sample;
  checkEmbedding(embedding, where);
  if (crop !== null && !(crop instanceof Uint8Array && crop.length > 0)) {
    throw new InputError(`${where}: a crop must be the bytes of an encoded picture`);
  }
  const { id = newId(), time = new Date().toISOString(), quality = {} } = given;
  return { ...checked(sampleFacts, { ...given, id, time, quality }, where), embedding, crop };
}

/** A random id (UUID, version 4). */
function newId(): string {
  return crypto.randomUUID();
}

/** `resnet34 (weights 1f0c2ab9…, template dlib-150)`, as messages name a contract. */
export function describeContract({ net, weights, template }: ModelContract): string {
  return `${net} (weights ${weights.slice(0, 12)}…, template ${template})`;
}

/** Whether embeddings of the two may be compared. */
export function sameContract(a: ModelContract, b: ModelContract): boolean {
  return (['net', 'weights', 'template', 'dimension'] as const).every((key) => a[key] === b[key]);
}

/** The collection that an operation means, and the contract that its embeddings must have; null asks for none. */
export interface Target {
  readonly name: string;
  readonly contract: ModelContract | null;
}

/** Throws InputError unless the collection exists (`pinned` is its contract) and serves the target's contract. */
export function checkTarget(
  target: Target,
  pinned: ModelContract | undefined,
  location: string,
): asserts pinned is ModelContract {
  const { name, contract } = target;
  if (pinned === undefined)
    throw new InputError(`${location}: there is no collection ${JSON.stringify(name)}`, {
      fact: { code: 'collection-missing', values: { name } },
    });
  if (contract !== null && !sameContract(pinned, contract)) {
    throw new InputError(
      `${location}: collection ${JSON.stringify(name)} holds embeddings of ${describeContract(pinned)}, ` +
        `not of ${describeContract(contract)}; reembed rebuilds it for another net`,
    );
  }
}

/** The id of a sample to be inserted belongs to another crop. */
export function idTaken(where: string, id: string): InputError {
  return new InputError(`${where}: the id ${JSON.stringify(id)} belongs to another crop already`);
}

/** Throws InputError unless `embeddings` has one for each of `ids`, and no other. */
export function checkCoverage(
  ids: readonly string[],
  embeddings: ReadonlyMap<string, Float32Array>,
  where: string,
): void {
  const missing = ids.filter((id) => !embeddings.has(id));
  if (missing.length > 0) {
    throw new InputError(
      `${where}: ${missing.length} of ${ids.length} samples have no new embedding, the first is ${missing[0]}`,
    );
  }
  if (embeddings.size > ids.length) {
    throw new InputError(`${where}: ${embeddings.size} new embeddings for ${ids.length} samples`);
  }
}
