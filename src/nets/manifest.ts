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

/** What every manifest has. */
const common = {
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
};

const styleManifest = z.strictObject({
  ...common,
  task: z.literal('style'),
  defaults: presetWeights,
  defaultsCaffe: presetWeights.nullable(),
});

const pooling = z.strictObject({
  block: z.string().min(1),
  kind: z.enum(['max', 'l2']),
  window: z.int().positive(),
  stride: z.int().positive(),
});

const faceManifest = z.strictObject({
  ...common,
  task: z.literal('face'),
  side: z.int().positive(),
  template: z.string().min(1),
  dimension: z.int().positive(),
  poolings: z.array(pooling),
});

const weightsManifest = z.discriminatedUnion('task', [styleManifest, faceManifest]);

/**
 * How pixels become a net's input. A pixel's value in [0,1] times `range`, in plane order `channels`, minus
 * `mean`, divided by `std` (both in plane order and in units of `range`).
 */
export type InputConvention = z.infer<typeof inputConvention>;

/**
 * A net's manifest. `tensors` in the order of the net, named as in the papers. `input` is the convention of
 * every file in `sources` and of `embedded`. A source's `sha256` is of the whole file, null where none could be
 * confirmed: then the first download's is remembered and later ones must equal it.
 */
export type WeightsManifest = z.infer<typeof weightsManifest>;

/**
 * A net whose features style transfer compares. `defaults` are the loss weights that look best with it, by preset,
 * `defaultsCaffe` those for files of the Caffe convention, whose features are some hundred times as large.
 */
export type StyleManifest = Extract<WeightsManifest, { task: 'style' }>;

/**
 * A net that embeds faces: [3,side,side], aligned to `template`, becomes `dimension` numbers. `poolings` are those inside
 * its blocks that the weights were trained with: they leave no trace in the tensors' shapes.
 */
export type FaceManifest = Extract<WeightsManifest, { task: 'face' }>;

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

/** A net's weights, checked against its manifest; of a style net unless told. */
export interface LoadedWeights<M extends WeightsManifest = StyleManifest> {
  readonly net: string;
  /** By the papers' names (`conv1_1.weight` [K,C,R,S], `conv1_1.bias` [K]): the manifest's, of a style net a prefix. */
  readonly tensors: Map<string, WeightTensor>;
  readonly convention: InputConvention;
  /** The file they came from. */
  readonly source: string;
  /** Of that file, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly manifest: M;
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
 * torchvision. A face net has one convention, its manifest's. Throws WeightsError where nothing tells, or one
 * contradicts another.
 */
export function detectConvention(clues: ConventionClues, where: string): InputConvention {
  const { naming, manifest, option } = clues;
  const stated = statedConvention(clues, where) ?? (manifest.task === 'face' ? manifest.input : undefined);
  if (stated && manifest.task === 'face' && !sameConvention(stated, manifest.input)) {
    throw new WeightsError(
      `${where}: the file is for ${describeConvention(stated)}, ${manifest.net} takes ${describeConvention(manifest.input)}`,
    );
  }
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
