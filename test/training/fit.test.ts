// Batches that no adapter takes are known without one.
import { expect, it } from 'vitest';
import type { FaceTraining } from '../../harness/cli/train-arguments.js';
import { assertCropsFit, assertFacesFit } from '../../harness/cli/train-fit.js';
import type { SlimTraining } from '../../harness/cli/train-slim-arguments.js';
import { InputError } from '../../src/base/errors.js';
import { PLAIN_TARGET } from '../../src/gpu/kernel.js';
import { FACE_LOSS_DEFAULTS, type FaceLoss } from '../../src/training/face-graph.js';
import { largestThatFits } from '../../src/training/fit.js';
import { SLIM_LOSS_DEFAULTS, SLIM_TAPS, slimTaps } from '../../src/training/slim-graph.js';

const numbers = { schedule: { kind: 'constant', rate: 1e-3, warmup: 0 } } as const;
const roomy = { ...PLAIN_TARGET, maxBindingBytes: 2 ** 31 };

/** As much of a training as a batch's size depends on. */
function faces(loss: FaceLoss, from: string, sampling: FaceTraining['sampling']): FaceTraining {
  return { from, losses: { ...FACE_LOSS_DEFAULTS, loss }, sampling } as FaceTraining;
}

function messageOf(check: () => void): string {
  try {
    check();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

it('256 faces have more planes than a grid', { timeout: 240_000 }, () => {
  const training = (batch: number) => faces('distil', 'start', { batch });
  expect(() => assertFacesFit(roomy, training(255), 255, numbers)).not.toThrow();
  // 256 pictures of 1024 channels, four to a plane: one plane more than a dimension of a grid may have.
  expect(messageOf(() => assertFacesFit(roomy, training(256), 256, numbers))).toMatch(
    /^--batch 256: this adapter takes at most 255 pictures at once: .*inception_4e.* \(65536\) must not exceed .* 65535/,
  );
});

it('faces whose maps no binding holds', { timeout: 240_000 }, () => {
  const training = faces('triplet', '5b', { people: 75, images: 3 });
  expect(messageOf(() => assertFacesFit(PLAIN_TARGET, training, 225, numbers))).toMatch(
    /^--people 75 with --images 3, a batch of 225: this adapter takes at most 2\d\d pictures at once: \S+ takes 1\d\d\.\d MiB, one binding of this adapter holds 128\.0$/,
  );
});

it('crops of a slim net', { timeout: 240_000 }, () => {
  const widths = [8, 8, 8, 8, 8];
  const taps = slimTaps(
    96,
    { perSide: 6, kernelSide: 6 },
    widths,
    new Map(SLIM_TAPS.map((tap) => [tap, 64])),
  );
  const training = { widths, losses: SLIM_LOSS_DEFAULTS, batch: 9000, crop: 96 } as unknown as SlimTraining;
  expect(messageOf(() => assertCropsFit(PLAIN_TARGET, training, taps, numbers))).toMatch(
    /^--batch 9000 with --crop 96: this adapter takes at most [1-9]\d* pictures at once: /,
  );
});

it('the largest that fits', () => {
  for (const limit of [0, 1, 2, 6, 7, 8]) expect(largestThatFits(8, (n) => n <= limit)).toBe(limit);
});
