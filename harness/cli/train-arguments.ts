// The arguments of `facet train face` and `facet finetune`, and the numbers that they come to.
import type { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import type { Miner } from '../../src/kernels/triplet.js';
import {
  FACE_LOSS_DEFAULTS,
  FACE_LOSSES,
  type FaceLoss,
  type FaceLossOptions,
} from '../../src/training/face-graph.js';
import { NN4_TRAIN_FROM, type Nn4TrainFrom } from '../../src/training/nn4-small2.js';
import { FACE_VARIATION, type Variation } from '../../src/training/recipes.js';
import type { Schedule } from '../../src/training/schedule.js';
import { oneOf, realNumber, wholeNumber } from './arguments.js';
import { atLeast, positive, type RunArguments, runOptions, timeOf } from './train-options.js';
import type { PrepareArguments } from './train-prepare.js';

const MINERS: readonly Miner[] = ['random', 'in-margin', 'semi-hard', 'hard'];
const SCHEDULES = ['constant', 'cosine'] as const;

export interface TrainArguments extends PrepareArguments, RunArguments {
  net: 'nn4.small2';
  weights?: string;
  from?: Nn4TrainFrom;
  loss?: FaceLoss;
  mine: Miner;
  margin: number;
  steps?: number;
  epochs?: number;
  batch?: number;
  people?: number;
  images?: number;
  lr?: number;
  schedule: (typeof SCHEDULES)[number];
  warmup?: number;
  weightDecay: number;
  clipNorm?: number;
  augment: boolean;
  seed: number;
  holdOut: number;
  validateEvery: number;
  timeLimit?: number;
  prepare?: boolean;
}

/** What a training is, but for its pictures; JSON, kept in checkpoints. */
export interface FaceTraining {
  readonly net: 'nn4.small2';
  readonly from: Nn4TrainFrom;
  readonly losses: FaceLossOptions;
  readonly teacher: string | undefined;
  /** `people` (PEOPLE, or all where there are fewer) and `images` of each, or `batch` pictures of anybody. */
  readonly sampling:
    | { readonly batch: number }
    | { readonly people: number | undefined; readonly images: number };
  /** This or `epochs`. */
  readonly steps: number | undefined;
  readonly epochs: number | undefined;
  readonly rate: number;
  readonly schedule: (typeof SCHEDULES)[number];
  /** A fiftieth of the steps where left out. */
  readonly warmup: number | undefined;
  readonly weightDecay: number;
  readonly clipNorm: number | undefined;
  readonly variation: Variation | undefined;
  readonly seed: number;
  readonly holdOut: number;
}

/** What differs between training from nothing and going on from a net's weights. */
export interface TrainDefaults {
  readonly from: Nn4TrainFrom;
  readonly steps: number;
  readonly rates: Readonly<Record<FaceLoss, number>>;
}

export const TRAIN_DEFAULTS: TrainDefaults = {
  from: 'start',
  steps: 5000,
  rates: { distil: 2e-3, mixed: 2e-3, triplet: 1e-3 },
};

export const FINETUNE_DEFAULTS: TrainDefaults = {
  from: '5a',
  steps: 300,
  rates: { distil: 2e-4, mixed: 2e-4, triplet: 2e-4 },
};

/** Pictures of a batch of anybody. */
const BATCH = 96;
/** People of a batch for triplets, where there are as many, and pictures of each. */
export const PEOPLE = 24;
const IMAGES = 4;

/** Adds the options of TrainArguments; `defaults` stand in the help. */
export function trainOptions(command: Command, { steps, rates }: TrainDefaults): Command {
  command
    .optionsGroup('What is learned:')
    .option('--net <name>', 'nn4.small2', oneOf('--net', ['nn4.small2'] as const), 'nn4.small2')
    .option(
      '--teacher <net>',
      "learn from another net's embeddings: resnet34, which comes with Facet",
      oneOf('--teacher', ['resnet34']),
    )
    .option(
      '--loss <loss>',
      `${FACE_LOSSES.join(' | ')} (default: distil with a teacher, else triplet)`,
      oneOf('--loss', FACE_LOSSES),
    )
    .option(
      '--mine <miner>',
      `how negatives are chosen: ${MINERS.join(' | ')}`,
      oneOf('--mine', MINERS),
      FACE_LOSS_DEFAULTS.mine,
    )
    .option(
      '--margin <d>',
      'alpha of the triplet loss, in squared distances',
      realNumber('--margin'),
      FACE_LOSS_DEFAULTS.margin,
    )
    .optionsGroup('Pictures:')
    .option('--aligned', 'they are aligned faces already: OpenFace at 104 px, or at 96 without room')
    .option('--hold-out <0..1>', 'share of the people kept for validation', realNumber('--hold-out'), 0.1)
    .option('--no-augment', 'no random crops, mirror images, colours, blurs and hidden parts')
    .option(
      '--cache <dir>',
      "where aligned faces and the teacher's answers are kept (default: in the user's cache)",
    )
    .option('--prepare', 'align and ask the teacher, then stop')
    .optionsGroup('Steps:')
    .option('--steps <n>', `updates (default: ${steps})`, wholeNumber('--steps'))
    .option(
      '--epochs <n>',
      'instead of --steps: how often each picture (with --people: each person) is seen',
      realNumber('--epochs'),
    )
    .option(
      '--batch <n>',
      `pictures of a batch, of anybody (default for distil: ${BATCH})`,
      wholeNumber('--batch'),
    )
    .option(
      '--people <p>',
      `people of a batch (default for triplets: ${PEOPLE}, or all)`,
      wholeNumber('--people'),
    )
    .option('--images <k>', `pictures of each (default: ${IMAGES})`, wholeNumber('--images'))
    .option(
      '--lr <rate>',
      `learning rate of Adam (default: ${rates.distil}, for triplets alone ${rates.triplet})`,
      realNumber('--lr'),
    )
    .option('--schedule <s>', SCHEDULES.join(' | '), oneOf('--schedule', SCHEDULES), 'cosine')
    .option(
      '--warmup <n>',
      'steps in which the learning rate rises (default: a fiftieth)',
      wholeNumber('--warmup'),
    )
    .option('--weight-decay <w>', 'on kernels, decoupled', realNumber('--weight-decay'), 1e-2)
    .option('--clip-norm <n>', 'largest norm of the gradient (default: none)', realNumber('--clip-norm'))
    .option('--seed <n>', 'of weights, batches, variations and who is held out', wholeNumber('--seed'), 1)
    .option(
      '--time-limit <time>',
      'stop after 90s, 30m or 2h; --resume goes on in the schedule',
      timeOf('--time-limit'),
    );
  return runOptions(command, 'nn4.small2-trained.safetensors').option(
    '--validate-every <n>',
    'steps between validations',
    wholeNumber('--validate-every'),
    250,
  );
}

/** The option of fine-tuning. */
export function fromOption(command: Command): Command {
  return command.option(
    '--from <block>',
    `train from here on: ${NN4_TRAIN_FROM.slice(1).join(' | ')} (default: ${FINETUNE_DEFAULTS.from})`,
    oneOf('--from', NN4_TRAIN_FROM.slice(1)),
  );
}

/** What the arguments come to. InputError for numbers that do not fit together. */
export function faceTraining(args: TrainArguments, defaults: TrainDefaults): FaceTraining {
  const loss = args.loss ?? (args.teacher === undefined ? 'triplet' : 'distil');
  if (loss !== 'triplet' && args.teacher === undefined)
    throw new InputError(`--loss ${loss} needs a --teacher`);
  if (loss === 'triplet' && args.teacher !== undefined)
    throw new InputError('--loss triplet has no use for a --teacher; --loss mixed takes both');
  if (args.steps !== undefined && args.epochs !== undefined)
    throw new InputError('--steps and --epochs exclude each other');
  atLeast('--steps', args.steps, 1);
  atLeast('--warmup', args.warmup, 0);
  for (const option of ['logEvery', 'validateEvery', 'checkpointEvery'] as const)
    atLeast(`--${option.replace('Every', '-every')}`, args[option], 1);
  atLeast('--weight-decay', args.weightDecay, 0);
  positive('--epochs', args.epochs);
  positive('--lr', args.lr);
  positive('--margin', args.margin);
  positive('--clip-norm', args.clipNorm);
  const steps = args.epochs === undefined ? (args.steps ?? defaults.steps) : undefined;
  return {
    net: args.net,
    from: args.from ?? defaults.from,
    losses: { ...FACE_LOSS_DEFAULTS, loss, margin: args.margin, mine: args.mine },
    teacher: args.teacher,
    sampling: samplingOf(args, loss),
    steps,
    epochs: args.epochs,
    rate: args.lr ?? defaults.rates[loss],
    schedule: args.schedule,
    warmup: args.warmup,
    weightDecay: args.weightDecay,
    clipNorm: args.clipNorm,
    variation: args.augment ? FACE_VARIATION : undefined,
    seed: args.seed,
    holdOut: args.holdOut,
  };
}

function samplingOf(args: TrainArguments, loss: FaceLoss): FaceTraining['sampling'] {
  const { batch, people, images } = args;
  if (loss === 'distil' && people === undefined && images === undefined) {
    if (batch !== undefined && batch < 2)
      throw new InputError(`--batch must be at least 2, got ${batch}: batch norm needs a batch`);
    return { batch: batch ?? BATCH };
  }
  if (batch !== undefined) {
    throw new InputError(
      '--batch is for batches of anybody; triplets need --people and --images, whose product is the batch',
    );
  }
  for (const [option, value] of [
    ['--people', people],
    ['--images', images],
  ] as const) {
    if (value !== undefined && value < 2)
      throw new InputError(`${option} must be at least 2, got ${value}: there would be no triplet`);
  }
  return { people, images: images ?? IMAGES };
}

/** The learning rates of a training of `steps` steps. */
export function scheduleOf({ schedule: kind, rate, warmup: given }: FaceTraining, steps: number): Schedule {
  const warmup = given ?? Math.floor(steps / 50);
  if (warmup >= steps)
    throw new InputError(`--warmup must be below the number of steps (${steps}), got ${warmup}`);
  return kind === 'constant' ? { kind, rate, warmup } : { kind, rate, warmup, steps };
}
