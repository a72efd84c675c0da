// Which faces a training sees: who is held out, how batches are drawn, and what is too little.
import { createHash } from 'node:crypto';
import { InputError } from '../../src/base/errors.js';
import { peopleSampler, plainSampler, type Sampler } from '../../src/training/samplers.js';
import { type FaceSample, samplesOf } from '../node/training/face-batches.js';
import { type CropPair, holdOut, type PeopleSplit, validationPairs } from '../node/training/split.js';
import { type FaceTraining, PEOPLE } from './train-arguments.js';
import type { PreparedFaces } from './train-prepare.js';

/** Pairs of either kind that a validation compares. */
const PAIRS = 1000;

/** The pictures of a training. */
export interface TrainingData {
  readonly split: PeopleSplit;
  readonly samples: readonly FaceSample[];
  readonly sampler: Sampler;
  readonly pairs: readonly CropPair[];
  readonly digest: string;
}

/** InputError, with what is missing, where the people are too few for what is asked. */
export function trainingData(
  folder: string,
  training: FaceTraining,
  { aligned }: PreparedFaces,
): TrainingData {
  const { people } = aligned;
  if (people.length < 2) {
    const [one] = people;
    const who = one
      ? `holds one person with a face that can be used (${one.name})`
      : 'holds no face that can be used';
    throw new InputError(`${folder}: ${who}; a net learns to tell at least two people apart`);
  }
  const several = people.filter(({ crops }) => crops.length > 1).length;
  const needsPairs = training.losses.loss !== 'distil' || !('batch' in training.sampling);
  if (several === 0 && (needsPairs || training.holdOut > 0)) {
    const remedy = needsPairs
      ? 'triplets need two pictures of a person; --teacher resnet34 learns from single ones'
      : 'nobody can be held out for validation; --hold-out 0 trains without';
    throw new InputError(`${folder}: each of ${people.length} people has one picture only: ${remedy}`);
  }
  const split = holdOut(people, training.holdOut, training.seed);
  const samples = samplesOf(split.train);
  const digest = createHash('sha256');
  for (const { crops } of split.train)
    for (const { path, sha256 } of crops) digest.update(`${path}\n${sha256}\n`);
  return {
    split,
    samples,
    sampler: samplerOf(training, samples),
    pairs: validationPairs(split.heldOut, PAIRS, training.seed),
    digest: digest.digest('hex'),
  };
}

function samplerOf({ sampling, seed }: FaceTraining, samples: readonly FaceSample[]): Sampler {
  if ('batch' in sampling) return plainSampler(samples.length, sampling.batch, seed);
  const byPerson = new Map<number, number[]>();
  for (const [i, { person }] of samples.entries()) {
    const own = byPerson.get(person);
    if (own) own.push(i);
    else byPerson.set(person, [i]);
  }
  // Whoever has one picture is nobody's positive.
  const several = [...byPerson.values()].filter((own) => own.length > 1);
  const { people = Math.min(PEOPLE, several.length), images } = sampling;
  if (several.length < Math.max(2, people)) {
    throw new InputError(
      `--people ${people}: only ${several.length} people to train on have two pictures or more`,
    );
  }
  return peopleSampler(several, people, images, seed);
}
