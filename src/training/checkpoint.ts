// A training between two steps: everything needed to go on bit-exactly, as one safetensors file.
import { z } from 'zod';
import { InputError, WeightsError } from '../base/errors.js';
import { formatShape, type Shape, sameShape } from '../base/shape.js';
import type { Choices } from '../gpu/choices.js';
import type { Precision, Target } from '../gpu/kernel.js';
import { parseSafetensors, tensorValues, writeSafetensors } from '../nets/safetensors.js';
import type { TrainerOptions } from './types.js';
import type { TrainableWeights, Values } from './weights.js';

const FORMAT = 'facet-training-checkpoint-1';

const weight = z.strictObject({
  shape: z.array(z.int().nonnegative()),
  role: z.enum(['kernel', 'plain', 'frozen', 'statistic']),
  rate: z.number(),
});

const facts = z.strictObject({
  step: z.int().nonnegative(),
  score: z.number().optional(),
  /** What the numbers of a step depend on, as text. */
  options: z.record(z.string(), z.json()),
  net: z.record(z.string(), weight),
  precision: z.enum(['f32', 'mixed']),
  choices: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  run: z.json(),
});

/** What a training is, apart from its values: two with equal facts take the same steps. */
export interface TrainingFacts {
  readonly options: Readonly<Record<string, unknown>>;
  readonly net: Readonly<Record<string, z.infer<typeof weight>>>;
  readonly precision: Precision;
  /** How ops are computed that can be in several ways; a resumed training has the same bits with these alone. */
  readonly choices?: Choices | undefined;
}

/** A training between two steps. */
export interface TrainingCheckpoint extends TrainingFacts {
  readonly step: number;
  /** What the best one is told by; larger is better. */
  readonly score?: number | undefined;
  /** What the caller keeps beside it: JSON. */
  readonly run: unknown;
  readonly weights: ReadonlyMap<string, Values>;
  /** The optimiser's tensors. */
  readonly state: ReadonlyMap<string, Values>;
}

/** The facts of a training on `target`, with the defaults of options filled in. */
export function trainingFacts(o: TrainerOptions, weights: TrainableWeights, target: Target): TrainingFacts {
  const { schedule, clipNorm, averageDecay } = o;
  const options = {
    schedule,
    seed: o.seed ?? 0,
    beta1: o.beta1 ?? 0.9,
    beta2: o.beta2 ?? 0.999,
    epsilon: o.epsilon ?? 1e-8,
    weightDecay: o.weightDecay ?? 0,
    accumulate: o.accumulate ?? 1,
    ...(clipNorm === undefined ? {} : { clipNorm }),
    ...(averageDecay === undefined ? {} : { averageDecay }),
  };
  const net = Object.fromEntries(
    weights.all.map(({ name, role, rate, tensor: t }) => [name, { shape: [...t.shape], role, rate }]),
  );
  return { options, net, precision: target.precision, choices: target.choices };
}

/** Checkpoint -> bytes; the same checkpoint gives the same bytes. */
export function encodeTrainingCheckpoint(c: TrainingCheckpoint): Uint8Array<ArrayBuffer> {
  const { weights, state, ...rest } = c;
  const tensors: Record<string, { shape: Shape; values: Float32Array }> = {};
  for (const [name, t] of weights) tensors[`weights.${name}`] = t;
  for (const [name, t] of state) tensors[`state.${name}`] = t;
  return writeSafetensors(tensors, { format: FORMAT, facts: JSON.stringify(rest) });
}

/** Bytes -> checkpoint; InputError, naming `where`, for a file that is none or is damaged. */
export function decodeTrainingCheckpoint(bytes: Uint8Array, where: string): TrainingCheckpoint {
  try {
    const { metadata, tensors } = parseSafetensors(bytes, where);
    if (metadata.format !== FORMAT)
      throw new InputError(
        `${where} is no checkpoint of a training (format ${metadata.format ?? 'missing'})`,
      );
    const known = facts.safeParse(JSON.parse(metadata.facts ?? ''));
    if (!known.success) {
      const issue = known.error.issues[0]!;
      throw new InputError(
        `${where} is no readable checkpoint: ${issue.path.join('.') || 'facts'}: ${issue.message}`,
      );
    }
    const part = (prefix: string) =>
      new Map(
        [...tensors].flatMap(([name, t]): [string, Values][] =>
          name.startsWith(prefix)
            ? [[name.slice(prefix.length), { shape: t.shape, values: tensorValues(t, name) }]]
            : [],
        ),
      );
    const weights = part('weights.');
    for (const [name, { shape }] of Object.entries(known.data.net)) {
      const found = weights.get(name)?.shape;
      if (!found || !sameShape(found, shape))
        throw new InputError(`${where}: the checkpoint's ${name} is missing or not ${formatShape(shape)}`);
    }
    return { ...known.data, weights, state: part('state.') };
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (error instanceof WeightsError || error instanceof SyntaxError)
      throw new InputError(`${where} is no readable checkpoint: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Throws InputError, naming the first difference, unless a training with the facts `now` may go on from the checkpoint. */
export function assertSameTraining(checkpoint: TrainingFacts, now: TrainingFacts): void {
  const names = new Set([...Object.keys(checkpoint.net), ...Object.keys(now.net)]);
  for (const name of names) {
    const [was, is] = [text(checkpoint.net[name]), text(now.net[name])];
    if (was !== is)
      throw new InputError(
        `the checkpoint belongs to another net: weight ${name} is ${was} in it, here ${is}`,
      );
  }
  const keys = new Set([...Object.keys(checkpoint.options), ...Object.keys(now.options)]);
  for (const key of keys) {
    const [was, is] = [text(checkpoint.options[key]), text(now.options[key])];
    if (was !== is)
      throw new InputError(
        `the checkpoint belongs to another training: ${key} is ${was} in it, here ${is}; resume with its options`,
      );
  }
  if (checkpoint.precision !== now.precision)
    throw new InputError(
      `the checkpoint was made with precision ${checkpoint.precision}, this device computes with ${now.precision}; open it with precision ${checkpoint.precision} to resume`,
    );
}

/** Whether two trainings compute their ops in the same ways. */
export function sameChoices(a: TrainingFacts, b: TrainingFacts): boolean {
  return text(a.choices) === text(b.choices);
}

/** JSON with its keys in order, so that equal values have equal texts. */
function text(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? 'missing'
  );
}
