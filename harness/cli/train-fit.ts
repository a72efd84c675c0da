// Batches that are too large for the adapter, refused before anything is compiled.
import { InputError } from '../../src/base/errors.js';
import type { Target } from '../../src/gpu/kernel.js';
import { faceInputs, recordFaceTraining } from '../../src/training/face-graph.js';
import { largestThatFits, misfitOf } from '../../src/training/fit.js';
import { nn4Small2Specs } from '../../src/training/nn4-small2.js';
import {
  recordSlimTraining,
  type SlimTap,
  slimInputs,
  slimProjections,
} from '../../src/training/slim-graph.js';
import type { TrainerOptions } from '../../src/training/types.js';
import { slimSpecs } from '../../src/training/vgg-slim.js';
import type { FaceTraining } from './train-arguments.js';
import { CROP_TEMPLATE } from './train-prepare.js';
import type { SlimTraining } from './train-slim-arguments.js';

type Numbers = Omit<TrainerOptions, 'inputs'>;

/** InputError, with the option, the most that the adapter takes and why, where a batch of `batch` faces does not fit it. */
export function assertFacesFit(
  target: Target,
  { from, losses, sampling }: FaceTraining,
  batch: number,
  numbers: Numbers,
): void {
  const specs = nn4Small2Specs(from);
  const record = recordFaceTraining(losses, from);
  const option =
    'batch' in sampling
      ? `--batch ${batch}`
      : `--people ${batch / sampling.images} with --images ${sampling.images}, a batch of ${batch}`;
  assertFits(option, batch, (n) =>
    misfitOf(target, specs, record, { ...numbers, inputs: faceInputs(n, CROP_TEMPLATE.size, losses.loss) }),
  );
}

/** The same for a batch of crops. */
export function assertCropsFit(
  target: Target,
  { widths, losses, batch, crop }: SlimTraining,
  taps: readonly SlimTap[],
  numbers: Numbers,
): void {
  const specs = [...slimSpecs(widths), ...slimProjections(taps)];
  const record = recordSlimTraining(taps, losses);
  assertFits(`--batch ${batch} with --crop ${crop}`, batch, (n) =>
    misfitOf(target, specs, record, { ...numbers, inputs: slimInputs(n, crop, taps) }),
  );
}

function assertFits(option: string, batch: number, misfit: (n: number) => string | undefined): void {
  const reason = misfit(batch);
  if (reason === undefined) return;
  const most = largestThatFits(batch, (n) => misfit(n) === undefined);
  const limit = most > 0 ? `takes at most ${most} pictures at once` : 'cannot train on a single picture';
  throw new InputError(`${option}: this adapter ${limit}: ${reason}`);
}
