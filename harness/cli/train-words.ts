// What a training says of itself: before it begins, in its files, and at its end.
import type { Device } from '../../src/gpu/device.js';
import type { FaceTask } from '../node/training/face-task.js';
import type { FaceTraining } from './train-arguments.js';
import type { TrainingData } from './train-data.js';
import type { PreparedFaces } from './train-prepare.js';

/** What is said at the beginning, and stands in the report. */
export function describeTraining(
  device: Device,
  training: FaceTraining,
  data: TrainingData,
  { trainer }: FaceTask,
  steps: number,
): [string, string][] {
  const { split, samples, sampler, pairs } = data;
  const { losses, sampling, from, rate, schedule, weightDecay } = training;
  const bytes = trainer.plans.reduce((sum, plan) => sum + plan.transientBytes + plan.textureBytes, 0);
  const batch =
    'batch' in sampling
      ? `${sampler.batch}`
      : `${sampler.batch / sampling.images} people x ${sampling.images} = ${sampler.batch}`;
  return [
    ['Adapter', device.adapter.description || device.adapter.device],
    ['Net', `nn4.small2, trained from ${from === 'start' ? 'random weights' : `${from} on`}`],
    ['Loss', losses.loss === 'distil' ? 'distil' : `${losses.loss}, ${losses.mine}, margin ${losses.margin}`],
    ['Teacher', training.teacher ?? 'none'],
    ['Training', `${samples.length} faces of ${split.train.length} people`],
    [
      'Held out',
      `${split.heldOut.reduce((sum, { crops }) => sum + crops.length, 0)} faces of ${split.heldOut.length} people, ${pairs.length} pairs`,
    ],
    ['Batch', batch],
    ['Steps', `${steps}, ${(steps / sampler.stepsPerEpoch).toFixed(1)} epochs`],
    ['Learning rate', `${rate}, ${schedule}; weight decay ${weightDecay}`],
    ['Memory', `${Math.ceil(bytes / 2 ** 20)} MiB for a batch, ${trainer.dispatches} dispatches a step`],
  ];
}

/** What stands in the weights' file. */
export function metadataOf(training: FaceTraining, { teacherContract }: PreparedFaces, data: TrainingData) {
  return {
    net: 'nn4.small2',
    loss: training.losses.loss,
    ...(teacherContract ? { teacher: `${teacherContract.net} ${teacherContract.weights}` } : {}),
    trainedFrom: training.from,
    faces: String(data.samples.length),
    people: String(data.split.train.length),
    seed: String(training.seed),
  };
}
