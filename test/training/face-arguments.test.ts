import { Command } from 'commander';
import { expect, it } from 'vitest';
import {
  FINETUNE_DEFAULTS,
  faceTraining,
  scheduleOf,
  TRAIN_DEFAULTS,
  type TrainArguments,
  trainOptions,
} from '../../harness/cli/train-arguments.js';
import { InputError } from '../../src/base/errors.js';

function argumentsOf(...args: string[]): TrainArguments {
  const command = trainOptions(new Command(), TRAIN_DEFAULTS).exitOverride();
  return command.parse(args, { from: 'user' }).opts();
}

it('a teacher brings its recipe', () => {
  const training = faceTraining(argumentsOf('--teacher', 'resnet34'), TRAIN_DEFAULTS);
  expect(training).toMatchObject({
    from: 'start',
    losses: { loss: 'distil', cosine: 4, similarity: 20 },
    sampling: { batch: 96 },
    steps: 5000,
    rate: 2e-3,
    weightDecay: 0.01,
  });
  expect(scheduleOf(training, 5000)).toEqual({ kind: 'cosine', rate: 2e-3, warmup: 100, steps: 5000 });
});

it('without one people are told apart', () => {
  const training = faceTraining(argumentsOf('--epochs', '3', '--images', '5'), FINETUNE_DEFAULTS);
  expect(training).toMatchObject({
    from: '5a',
    losses: { loss: 'triplet', mine: 'semi-hard', margin: 0.2 },
    sampling: { people: undefined, images: 5 },
    steps: undefined,
    epochs: 3,
    rate: 2e-4,
  });
  // The steps of epochs are known with the pictures.
  expect(scheduleOf(training, 200)).toEqual({ kind: 'cosine', rate: 2e-4, warmup: 4, steps: 200 });
});

it.each([
  [['--time-limit', '0m'], /--time-limit must be like/],
  [['--time-limit', '1.5h'], undefined],
  [['--lr', '0'], /--lr must be above 0, got 0/],
  [['--images', '1'], /--images must be at least 2/],
  [['--teacher', 'resnet34', '--batch', '1'], /--batch must be at least 2/],
  [['--teacher', 'resnet34', '--loss', 'triplet'], /has no use for a --teacher/],
  [['--validate-every', '0'], /--validate-every must be at least 1/],
])('%o', (args, rule) => {
  const read = () => faceTraining(argumentsOf(...args), TRAIN_DEFAULTS);
  if (!rule) return expect(read).not.toThrow();
  expect(read).toThrow(InputError);
  expect(read).toThrow(rule);
});

it('a warm-up ends before the last step', () => {
  const training = faceTraining(argumentsOf('--warmup', '10'), TRAIN_DEFAULTS);
  expect(() => scheduleOf(training, 10)).toThrow(/--warmup must be below the number of steps \(10\), got 10/);
});
