// A run at a step boundary: everything needed to go on bit-exactly, as one safetensors file.
import { InputError, WeightsError } from '../base/errors.js';
import { parseSafetensors, tensorValues, writeSafetensors } from '../nets/safetensors.js';
import type { StyleOptions } from './options.js';
import type { StyleTrace } from './trace.js';

/** Which inputs a checkpoint belongs to: resuming with others is refused. */
export interface RunIdentity {
  readonly net: string;
  /** SHA-256 of the weights file. */
  readonly weights: string;
  /** SHA-256 of content, styles and masks. */
  readonly inputs: string;
}

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
}

const FORMAT = 'facet-style-checkpoint-1';

/** Checkpoint -> bytes; the same checkpoint gives the same bytes. */
export function encodeCheckpoint(c: Checkpoint): Uint8Array {
  const tensors: Record<string, { shape: readonly number[]; values: Float32Array }> = {
    image: { shape: [1, 3, c.height, c.width], values: c.image },
  };
  for (const [name, t] of c.state) tensors[`state.${name}`] = t;
  const { identity, options, scale, width, height, stepInScale, step, trace } = c;
  const facts = { identity, options, scale, width, height, stepInScale, step, trace };
  return writeSafetensors(tensors, { format: FORMAT, facts: JSON.stringify(facts) });
}

/** Bytes -> checkpoint; InputError where the file is none or is damaged. */
export function decodeCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  try {
    const { metadata, tensors } = parseSafetensors(bytes, where);
    if (metadata.format !== FORMAT)
      throw new InputError(
        `${where} is no checkpoint of a style run (format ${metadata.format ?? 'missing'})`,
      );
    const facts = JSON.parse(metadata.facts ?? '') as Omit<Checkpoint, 'image' | 'state'>;
    const image = tensors.get('image');
    if (!image || image.shape[2] !== facts.height || image.shape[3] !== facts.width) {
      throw new InputError(
        `${where}: the checkpoint's picture is missing or not ${facts.width}x${facts.height}`,
      );
    }
    const state = new Map<string, { shape: readonly number[]; values: Float32Array }>();
    for (const [name, t] of tensors) {
      if (name.startsWith('state.')) state.set(name.slice(6), { shape: t.shape, values: tensorValues(t) });
    }
    return { ...facts, image: tensorValues(image), state };
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (error instanceof WeightsError || error instanceof SyntaxError) {
      throw new InputError(`${where} is no readable checkpoint: ${error.message}`, { cause: error });
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
  );
}
