// A run at a step boundary: everything needed to go on bit-exactly, as one safetensors file.
import { z } from 'zod';
import { InputError, WeightsError } from '../base/errors.js';
import type { Choices } from '../gpu/choices.js';
import type { Precision } from '../gpu/kernel.js';
import { parseSafetensors, tensorValues, writeSafetensors } from '../nets/safetensors.js';
import type { StyleOptions } from './options.js';
import type { StyleTrace } from './trace.js';

const count = z.int().nonnegative();
const weights = z.record(z.string(), z.number());

const identity = z.strictObject({
  net: z.string(),
  /** SHA-256 of the weights file. */
  weights: z.string(),
  /** SHA-256 of content, styles and masks. */
  inputs: z.string(),
});

/** Options as JSON: their values are checked by their own rules; here only that all are there. */
export const styleOptions = z.strictObject({
  size: z.number(),
  firstSize: z.number(),
  iterations: z.number(),
  optimizer: z.enum(['adam', 'lbfgs']),
  learningRate: z.number(),
  beta1: z.number(),
  beta2: z.number(),
  epsilon: z.number(),
  averageDecay: z.number(),
  history: z.number(),
  contentWeight: z.number(),
  styleWeight: z.number(),
  tvWeight: z.number(),
  tvForm: z.enum(['l1', 'l2']),
  contentLayers: weights,
  styleLayers: weights,
  styleLoss: z.enum(['gram', 'w2']),
  normalization: z.enum(['paper', 'mean', 'relative']),
  styleScale: z.number(),
  init: z.enum(['content', 'noise', 'style', 'image']),
  initNoise: z.number(),
  pooling: z.enum(['max', 'average']),
  poolingScale: z.number(),
  padding: z.enum(['zero', 'replicate']),
  color: z.enum(['style', 'keep', 'match-histogram', 'match-moments']),
  seed: z.number(),
  // Checkpoints of earlier versions have none of these.
  tile: z.union([z.enum(['auto', 'off']), z.number()]).default('auto'),
  tileOverlap: z.union([z.literal('exact'), z.number()]).default('exact'),
  memory: z.union([z.literal('auto'), z.number()]).default('auto'),
}) satisfies z.ZodType<StyleOptions>;

/** Names of candidates by family and bucket. */
const choices = z.record(z.string(), z.record(z.string(), z.string()));

const trace = z.strictObject({
  steps: z.array(count),
  // JSON has no NaN: a series that begins late is padded with null.
  series: z.record(
    z.string(),
    z.array(
      z
        .number()
        .nullable()
        .transform((value) => value ?? Number.NaN),
    ),
  ),
  scales: z.array(z.strictObject({ step: count, width: count, height: count })),
});

const facts = z.strictObject({
  identity,
  options: styleOptions,
  scale: count,
  width: z.int().positive(),
  height: z.int().positive(),
  stepInScale: count,
  step: count,
  trace,
  // Checkpoints of before there were choices have none.
  choices: choices.optional(),
  // Nor have they a precision: there was one.
  precision: z.enum(['f32', 'mixed']).default('f32'),
});

/** Which inputs a checkpoint belongs to: resuming with others is refused. */
export type RunIdentity = z.infer<typeof identity>;

/** A run at a step boundary. */
export interface Checkpoint {
  readonly identity: RunIdentity;
  readonly options: StyleOptions;
  /** Index of the scale, its extents, and the steps done in it and in all. */
  readonly scale: number;
  readonly width: number;
  readonly height: number;
  readonly stepInScale: number;
  readonly step: number;
  /** Planar [1,3,height,width]. */
  readonly image: Float32Array;
  /** The optimiser's tensors. */
  readonly state: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;
  readonly trace: StyleTrace;
  /** How ops are computed that can be in several ways: a resumed run goes on with these. */
  readonly choices?: Choices | undefined;
  /** Precision of the device: a run goes on with the one that it was begun with. */
  readonly precision: Precision;
}

const FORMAT = 'facet-style-checkpoint-1';

/** Checkpoint -> bytes; the same checkpoint gives the same bytes. */
export function encodeCheckpoint(c: Checkpoint): Uint8Array {
  const tensors: Record<string, { shape: readonly number[]; values: Float32Array }> = {
    image: { shape: [1, 3, c.height, c.width], values: c.image },
  };
  for (const [name, t] of c.state) tensors[`state.${name}`] = t;
  const { image: _image, state: _state, ...rest } = c;
  return writeSafetensors(tensors, { format: FORMAT, facts: JSON.stringify(rest) });
}

/** Bytes -> checkpoint; InputError where the file is none or is damaged. */
export function decodeCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  try {
    const { metadata, tensors } = parseSafetensors(bytes, where);
    if (metadata.format !== FORMAT)
      throw new InputError(
        `${where} is no checkpoint of a style run (format ${metadata.format ?? 'missing'})`,
      );
    const known = facts.safeParse(JSON.parse(metadata.facts ?? ''));
    if (!known.success) {
      const issue = known.error.issues[0]!;
      throw new InputError(
        `${where} is no readable checkpoint: ${issue.path.join('.') || 'facts'}: ${issue.message}`,
      );
    }
    const { width, height } = known.data;
    const image = tensors.get('image');
    if (image?.shape.join() !== [1, 3, height, width].join()) {
      throw new InputError(`${where}: the checkpoint's picture is missing or not ${width}x${height}`);
    }
    const state = new Map<string, { shape: readonly number[]; values: Float32Array }>();
    for (const [name, t] of tensors) {
      if (name.startsWith('state.')) state.set(name.slice(6), { shape: t.shape, values: tensorValues(t) });
    }
    return { ...known.data, image: tensorValues(image!), state };
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (error instanceof WeightsError) {
      throw new InputError(`${where} is no readable checkpoint: ${error.message}`, { cause: error });
    }
    if (error instanceof SyntaxError) {
      // It quotes the text, line breaks and all.
      throw new InputError(`${where} is no readable checkpoint: ${JSON.stringify(error.message)}`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** Throws InputError unless the checkpoint was made from these inputs. */
export function assertSameRun(checkpoint: RunIdentity, now: RunIdentity): void {
  const differs = (['net', 'weights', 'inputs'] as const).filter((key) => checkpoint[key] !== now[key]);
  if (differs.length === 0) return;
  const what = differs
    .map(
      (key) =>
        ({
          net: `the net (${checkpoint.net}, now ${now.net})`,
          weights: 'the weights file',
          inputs: 'the pictures or masks',
        })[key],
    )
    .join(' and ');
  throw new InputError(
    `the checkpoint belongs to another run: ${what} differ; give the same inputs to resume`,
    { fact: { code: 'other-run', values: { what } } },
  );
}

/** Throws InputError unless the device computes in the precision that the checkpoint's run was begun with. */
export function assertSamePrecision(checkpoint: Pick<Checkpoint, 'precision'>, now: Precision): void {
  if (checkpoint.precision === now) return;
  throw new InputError(
    `the checkpoint was made with precision ${checkpoint.precision}, this device computes with ${now}; open it with precision ${checkpoint.precision} to resume`,
  );
}
