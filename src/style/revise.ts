// A run that goes on with other wishes: weights changed at a step boundary, or a larger last scale behind the others.
import { InputError } from '../base/errors.js';
import { Lbfgs } from '../optim/lbfgs.js';
import type { Checkpoint } from './checkpoint.js';
import { checkInput, checkPlace, identify, type StylizeInput } from './input.js';
import { checkOptions, type PartialStyleOptions, type StyleOptions, scaleSizes } from './options.js';

/** Options that may change while a run is under way: what is compared and how much it counts, not the run's course. */
export const LIVE_OPTIONS = [
  'contentWeight',
  'styleWeight',
  'tvWeight',
  'tvForm',
  'contentLayers',
  'styleLayers',
  'styleScale',
  'learningRate',
  'color',
] as const satisfies readonly (keyof StyleOptions)[];

/** Changes of `LIVE_OPTIONS`; what is left out stays. */
export type LiveOptions = Pick<PartialStyleOptions, (typeof LIVE_OPTIONS)[number]>;

/**
 * The checkpoint as one of a run with other options, or with other shares of its styles in `input`: resumed, it goes on
 * from the same picture. L-BFGS forgets its pairs, which are of the losses before. InputError where an option may
 * not change, breaks its rule, or leads to other scales.
 */
export async function reviseRun(
  checkpoint: Checkpoint,
  input: Omit<StylizeInput, 'device' | 'options' | 'resume'>,
  changes: LiveOptions = {},
): Promise<Checkpoint> {
  const fixed = Object.keys(changes).find((name) => !(LIVE_OPTIONS as readonly string[]).includes(name));
  if (fixed !== undefined)
    throw new InputError(`${fixed} cannot change during a run; these can: ${LIVE_OPTIONS.join(', ')}`);
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const options: StyleOptions = { ...checkpoint.options, ...given };
  return revised(checkpoint, input, options);
}

/**
 * The checkpoint as one of a run with one more scale, sqrt(2) times as large as its last, and as many steps in it as
 * in the one before (half as many behind a single scale). InputError where the run is not in its last scale.
 */
export async function growRun(
  checkpoint: Checkpoint,
  input: Omit<StylizeInput, 'device' | 'options' | 'resume'>,
): Promise<Checkpoint> {
  const { options, scale } = checkpoint;
  const { sizes } = checkInput({ ...input, resume: checkpoint });
  if (scale !== sizes.length - 1) {
    throw new InputError(
      `a run grows from its last scale (${sizes.length}), this one is at scale ${scale + 1}`,
    );
  }
  // floor((I + floor(I / (n + 1))) / (n + 2)) is floor(I / (n + 1)): scales before keep their steps.
  const more = Math.max(1, Math.floor(options.iterations / (sizes.length + 1)));
  const size = Math.round(options.size * Math.SQRT2);
  const largest = scaleSizes({ size, firstSize: options.firstSize });
  // Rounded anew from the larger end, the first scale may fall below the bound by a pixel.
  const firstSize = largest.length > sizes.length ? options.firstSize : Math.max(16, options.firstSize - 1);
  return revised(checkpoint, input, { ...options, size, firstSize, iterations: options.iterations + more });
}

async function revised(
  checkpoint: Checkpoint,
  input: Omit<StylizeInput, 'device' | 'options' | 'resume'>,
  options: StyleOptions,
): Promise<Checkpoint> {
  checkOptions(options, input.weights.net);
  const state = options.optimizer === 'lbfgs' ? Lbfgs.restarted(checkpoint.state) : checkpoint.state;
  const identity = await identify(input);
  const next: Checkpoint = { ...checkpoint, options, state, identity };
  checkPlace(next, checkInput({ ...input, resume: next }));
  return next;
}
