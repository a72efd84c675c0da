// A run as a list of what was asked for, so that it can be made again, elsewhere too: JSON beside the picture.
import { z } from 'zod';
import { InputError } from '../base/errors.js';
import { styleOptions } from './checkpoint.js';
import type { StyleOptions } from './options.js';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
const share = z.number().min(0).max(1);

const picture = z.strictObject({
  name: z.string(),
  /** Of the file. */
  sha256,
  /** Upright, in pixels. */
  width: z.int().positive(),
  height: z.int().positive(),
});

const phase = z.strictObject({
  /** Steps done when it begins. */
  from: z.int().nonnegative(),
  options: styleOptions,
  /** One for each style. */
  shares: z.array(z.number().positive()),
});

const runManifest = z
  .strictObject({
    format: z.literal('facet-style-run-1'),
    facet: z.string(),
    net: z.string(),
    /** SHA-256 of the weights file. */
    weights: sha256,
    precision: z.enum(['f32', 'mixed']),
    content: picture,
    styles: z.array(picture.extend({ mask: picture.optional() })).min(1),
    contentMask: picture.optional(),
    /** Where the run began, with the option init: image. */
    initImage: picture.optional(),
    phases: z.array(phase).min(1),
    /** Steps done in all. */
    steps: z.int().nonnegative(),
    mix: z.strictObject({ strength: share, color: share }),
    /** Where it was made, for people: results agree across adapters, but not to the bit. */
    adapter: z.string(),
  })
  .refine(
    ({ phases, steps }) =>
      phases[0]!.from === 0 &&
      phases.every(({ from }, i) => from <= steps && (i === 0 || from > phases[i - 1]!.from)),
    'phases must begin at step 0, one after the other, and none behind the last step',
  )
  .refine(
    ({ phases, styles }) => phases.every(({ shares }) => shares.length === styles.length),
    'every phase must have a share for each style',
  )
  .refine(
    ({ contentMask, styles }) =>
      (contentMask !== undefined) === styles.some(({ mask }) => mask !== undefined),
    'a content mask needs a mask of a style, and the reverse',
  )
  .refine(
    ({ initImage, phases }) => initImage === undefined || phases[0]!.options.init === 'image',
    'a picture to begin with needs the option init: image',
  );

/** A part of a run between two changes of its options. */
export interface RunPhase {
  readonly from: number;
  readonly options: StyleOptions;
  readonly shares: readonly number[];
}

/** Everything that a run was made from but the pictures and weights, which it names by their hashes. */
export type RunManifest = Readonly<z.infer<typeof runManifest>>;

/** JSON text -> manifest; InputError, beginning with `where`, says what is wrong with it. */
export function parseRunManifest(text: string, where: string): RunManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${where}: is not JSON`, { cause: error });
  }
  const parsed = runManifest.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new InputError(
    `${where}: is no manifest of a style run: ${issue.path.join('.') || 'the whole'}: ${issue.message}`,
    { cause: parsed.error },
  );
}

/** Manifest -> JSON text; the same manifest gives the same text. */
export function encodeRunManifest(manifest: RunManifest): string {
  return `${JSON.stringify(manifest, undefined, 1)}\n`;
}

/** `phases` as they were up to step `next.from`, then `next`. */
export function withPhase(phases: readonly RunPhase[], next: RunPhase): RunPhase[] {
  return [...phases.filter(({ from }) => from < next.from), next];
}
