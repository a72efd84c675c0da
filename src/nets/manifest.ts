// What is known of a net's weights: the manifest (weights/<net>.json), the input convention that a file's
// values were trained for, and what comes out of loading a file.
import { z } from 'zod';
import { WeightsError } from '../base/errors.js';
import type { Shape } from '../base/shape.js';
import type { Naming } from './weight-names.js';

const triple = z.tuple([z.number(), z.number(), z.number()]);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
const fileName = z.string().regex(/^[\w.-]+$/, 'must be a file name without folders');

const inputConvention = z.strictObject({
  channels: z.enum(['RGB', 'BGR']),
  range: z.union([z.literal(1), z.literal(255)]),
  mean: triple,
  std: triple.refine((std) => std.every((s) => s > 0), 'must be positive'),
});

const lossWeights = z.strictObject({
  contentWeight: z.number().nonnegative(),
  styleWeight: z.number().nonnegative(),
  tvWeight: z.number().nonnegative(),
});

const presetWeights = z.strictObject({ paper: lossWeights, gatys: lossWeights, quality: lossWeights });

const weightsManifest = z.strictObject({
  formatVersion: z.literal(1),
  net: z.string().regex(/^[a-z0-9.-]+$/),
  title: z.string().min(1),
  tensors: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        shape: z.array(z.int().positive()).min(1),
        dtype: z.enum(['F32', 'F16', 'BF16']),
      }),
    )
    .min(1),
  input: inputConvention,
  licence: z.string().min(1),
  attribution: z.string().min(1),
  sources: z.array(
    z.strictObject({
      url: z.url({ protocol: /^https$/ }),
      naming: z.enum(['facet', 'torchvision', 'timm', 'caffe']),
      sha256: sha256.nullable(),
      bytes: z.int().positive().nullable(),
    }),
  ),
  embedded: z.strictObject({ file: fileName, sha256, bytes: z.int().positive() }).nullable(),
  defaults: presetWeights,
  defaultsCaffe: presetWeights.nullable(),
});

/**
 * How pixels become a net's input. A pixel's value in [0,1] times `range`, in plane order `channels`, minus
 * `mean`, divided by `std` (both in plane order and in units of `range`).
 */
export type InputConvention = z.infer<typeof inputConvention>;

/**
 * A net's manifest. `tensors` in the order of the net, named as in the papers. `input` is the convention of
 * every file in `sources` and of `embedded`. A source's `sha256` is of the whole file, null where none could be
 * confirmed: then the first download's is remembered and later ones must equal it. `defaults` are the loss
 * weights that look best with this net, by preset, `defaultsCaffe` those for files of the
 * Caffe convention, whose features are some hundred times as large.
 */
export type WeightsManifest = z.infer<typeof weightsManifest>;

/** The two conventions in common use, by the names that the command line takes. */
export const CONVENTIONS: Record<'torchvision' | 'caffe', InputConvention> = {
  torchvision: { channels: 'RGB', range: 1, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  caffe: { channels: 'BGR', range: 255, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] },
};

/** A name of CONVENTIONS. */
export type ConventionName = keyof typeof CONVENTIONS;

/** Metadata keys of Facet's own safetensors files. */
export const METADATA = {
  /** The net's name. */
  net: 'facet.net',
  /** The input convention, as JSON. */
  input: 'facet.input',
  /** Where the values came from: a URL or a file name. */
  source: 'facet.source',
} as const;

/** One tensor of a net, row-major f32. */
export interface WeightTensor {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** A net's weights, checked against its manifest. */
export interface LoadedWeights {
  readonly net: string;
  /** By the papers' names (`conv1_1.weight` [K,C,R,S], `conv1_1.bias` [K]), a prefix of the manifest's list. */
  readonly tensors: Map<string, WeightTensor>;
  readonly convention: InputConvention;
  /** The file they came from. */
  readonly source: string;
  /** Of that file, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly manifest: WeightsManifest;
}

/** Reads a manifest from its JSON text. Throws WeightsError naming the first field that breaks a rule. */
export function parseManifest(text: string, where: string): WeightsManifest {
  return check(weightsManifest, text, where);
}

/** What tells which input convention a file's values were trained for. */
export interface ConventionClues {
  readonly metadata: Record<string, string>;
  readonly naming: Naming;
  /** Of the whole file, hexadecimal. */
  readonly sha256: string;
  readonly manifest: WeightsManifest;
  /** The user's word. */
  readonly option?: ConventionName;
}

/**
 * The input convention of one file. First what the file says: its `facet.input`, its hash if it is a known one,
 * the word BGR in its metadata (Caffe's). Then the user's word. Then custom: `features.N` names come from
 * torchvision. Throws WeightsError where nothing tells, or the user contradicts the file.
 */
export function detectConvention(clues: ConventionClues, where: string): InputConvention {
  const { naming, manifest, option } = clues;
  const stated = statedConvention(clues, where);
  if (stated) {
    if (option && !sameConvention(stated, CONVENTIONS[option])) {
      throw new WeightsError(
        `${where}: the file is for ${describeConvention(stated)}, which is not ${option} (${describeConvention(CONVENTIONS[option])})`,
      );
    }
    return stated;
  }
  if (option) return CONVENTIONS[option];
  if (naming === 'features') return CONVENTIONS.torchvision;
  throw new WeightsError(
    `${where}: nothing in the file tells the input convention of these ${manifest.net} weights; ` +
      'give --input-convention caffe (BGR, 0..255) or torchvision (RGB, 0..1)',
  );
}

function statedConvention(clues: ConventionClues, where: string): InputConvention | undefined {
  const text = clues.metadata[METADATA.input];
  if (text !== undefined) return check(inputConvention, text, `${where}: metadata ${METADATA.input}`);
  const { embedded, sources, input } = clues.manifest;
  const known = [embedded?.sha256, ...sources.map((source) => source.sha256)];
  if (known.includes(clues.sha256)) return input;
  return Object.values(clues.metadata).some((text) => /\bBGR\b/.test(text)) ? CONVENTIONS.caffe : undefined;
}

/** `BGR, 0..255, minus [103.939,116.779,123.68], over [1,1,1]`, as messages print a convention. */
export function describeConvention({ channels, range, mean, std }: InputConvention): string {
  return `${channels}, 0..${range}, minus [${mean.join(',')}], over [${std.join(',')}]`;
}

function sameConvention(a: InputConvention, b: InputConvention): boolean {
  return describeConvention(a) === describeConvention(b);
}

function check<T>(schema: z.ZodType<T>, text: string, where: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new WeightsError(`${where}: must be JSON: ${JSON.stringify((error as Error).message)}`, {
      cause: error,
    });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new WeightsError(`${where}: ${issue.path.join('.') || 'the whole'}: ${issue.message}`, {
    cause: result.error,
  });
}
