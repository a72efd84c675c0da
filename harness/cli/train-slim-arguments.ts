// The arguments of `facet train slim`, and the numbers that they come to.
import type { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import type { Schedule } from '../../src/training/schedule.js';
import { SLIM_LOSS_DEFAULTS, type SlimLossOptions } from '../../src/training/slim-graph.js';
import { SLIM_WIDTHS } from '../../src/training/vgg-slim.js';
import { layerWeights, numberList, oneOf, realNumber, wholeNumber } from './arguments.js';
import { atLeast, positive, type RunArguments, runOptions, timeOf } from './train-options.js';

/** Where the weights go unless said. */
export const SLIM_OUT = 'vgg19-slim-trained.safetensors';
const TEACHERS = ['vgg19', 'vgg16', 'vgg19-slim'] as const;

export interface SlimArguments extends RunArguments {
  teacher?: string;
  teacherNet: (typeof TEACHERS)[number];
  inputConvention?: 'caffe' | 'torchvision';
  widths: number[];
  tapWeights?: Record<string, number>;
  feature: number;
  gram: number;
  kernel: number;
  crop: number;
  grid?: number;
  kernelGrid?: number;
  drawn: number;
  fresh: number;
  ring: number;
  steps: number;
  settled?: number;
  batch: number;
  lr: number;
  warmup?: number;
  clipNorm: number;
  seed: number;
  timeLimit?: number;
}

/** What a training is, but for its pictures and its teacher; JSON, kept in checkpoints. */
export interface SlimTraining {
  readonly widths: readonly number[];
  readonly tapWeights: Readonly<Record<string, number>>;
  readonly losses: SlimLossOptions;
  readonly crop: number;
  /** Pixels a side that are compared of a tap. */
  readonly grid: number;
  /** The same for inner products. */
  readonly kernelGrid: number;
  readonly drawn: number;
  readonly fresh: number;
  readonly ring: number;
  readonly steps: number;
  /** Of these, at the end, by the running averages of batch norms. */
  readonly settled: number;
  readonly batch: number;
  readonly rate: number;
  readonly warmup: number;
  readonly clipNorm: number;
  readonly seed: number;
}

/** Adds the options of SlimArguments. */
export function slimOptions(command: Command): Command {
  command
    .optionsGroup('What is learned:')
    .option(
      '--teacher <path>',
      'weights of the teacher: a file or a folder (default: as --weights elsewhere)',
    )
    .option('--teacher-net <net>', TEACHERS.join(' | '), oneOf('--teacher-net', TEACHERS), 'vgg19')
    .option(
      '--input-convention <name>',
      'caffe | torchvision, for a teacher whose file does not tell',
      oneOf('--input-convention', ['caffe', 'torchvision'] as const),
    )
    .option('--widths <list>', 'channels of the five blocks', numberList('--widths'), [...SLIM_WIDTHS])
    .option(
      '--tap-weights <list>',
      'like relu3_1:2,relu5_1:2; 1 unless named, 0 leaves a tap out',
      layerWeights('--tap-weights'),
    )
    .option(
      '--feature <w>',
      'factor of the projected features',
      realNumber('--feature'),
      SLIM_LOSS_DEFAULTS.feature,
    )
    .option('--gram <w>', 'factor of their Gram matrices', realNumber('--gram'), SLIM_LOSS_DEFAULTS.gram)
    .option(
      '--kernel <w>',
      'factor of the inner products of pixels',
      realNumber('--kernel'),
      SLIM_LOSS_DEFAULTS.kernel,
    )
    .optionsGroup('Pictures:')
    .option('--crop <px>', 'side of a crop, a multiple of 16', wholeNumber('--crop'), 128)
    .option(
      '--grid <n>',
      'pixels a side of a tap that are compared (default: all of relu4_1)',
      wholeNumber('--grid'),
    )
    .option(
      '--kernel-grid <n>',
      'the same for inner products with all crops (default: all of relu5_1)',
      wholeNumber('--kernel-grid'),
    )
    .option('--drawn <0..1>', 'share of crops that are drawn by code', realNumber('--drawn'), 0.25)
    .option('--fresh <n>', 'new crops for each step', realNumber('--fresh'), 2)
    .option('--ring <MiB>', "kept of crops and the teacher's answers, on disk", wholeNumber('--ring'), 1024)
    .optionsGroup('Steps:')
    .option('--steps <n>', 'updates', wholeNumber('--steps'), 10000)
    .option(
      '--settled <n>',
      'of these, at the end, by the running averages of batch norms (default: a quarter)',
      wholeNumber('--settled'),
    )
    .option('--batch <n>', 'crops of a batch', wholeNumber('--batch'), 16)
    .option('--lr <rate>', 'learning rate of Adam, falling as a cosine', realNumber('--lr'), 2.5e-3)
    .option(
      '--warmup <n>',
      'steps in which the learning rate rises (default: a fiftieth)',
      wholeNumber('--warmup'),
    )
    .option('--clip-norm <n>', 'largest norm of the gradient', realNumber('--clip-norm'), 5)
    .option('--seed <n>', 'of weights, crops and batches', wholeNumber('--seed'), 1)
    .option('--time-limit <time>', 'stop after 90s, 30m or 2h; --resume goes on', timeOf('--time-limit'));
  return runOptions(command, SLIM_OUT);
}

/** What the arguments come to. InputError for numbers that do not fit together. */
export function slimTraining(args: SlimArguments): SlimTraining {
  const { widths, drawn, feature, gram, kernel, steps, crop } = args;
  if (widths.length !== 5 || !widths.every((width) => Number.isInteger(width) && width >= 1))
    throw new InputError(`--widths must be five whole numbers of at least 1, got ${widths.join(',')}`);
  if (!(drawn >= 0 && drawn <= 1)) throw new InputError(`--drawn must lie in 0..1, got ${drawn}`);
  atLeast('--feature', feature, 0);
  atLeast('--gram', gram, 0);
  if (feature + gram === 0)
    throw new InputError('--feature and --gram are both 0: there is nothing to learn');
  for (const [option, value] of [
    ['--steps', steps],
    ['--ring', args.ring],
    ['--grid', args.grid],
    ['--kernel-grid', args.kernelGrid],
    ['--log-every', args.logEvery],
    ['--checkpoint-every', args.checkpointEvery],
  ] as const)
    atLeast(option, value, 1);
  atLeast('--batch', args.batch, 2);
  atLeast('--warmup', args.warmup, 0);
  atLeast('--settled', args.settled, 0);
  if ((args.settled ?? 0) >= steps)
    throw new InputError(`--settled must be less than --steps (${steps}), got ${args.settled}`);
  atLeast('--fresh', args.fresh, 0);
  positive('--lr', args.lr);
  positive('--clip-norm', args.clipNorm);
  for (const [tap, weight] of Object.entries(args.tapWeights ?? {}))
    atLeast(`--tap-weights ${tap}`, weight, 0);
  return {
    widths,
    tapWeights: args.tapWeights ?? {},
    losses: { feature, gram, kernel },
    crop,
    grid: args.grid ?? Math.max(1, Math.floor(crop / 8)),
    kernelGrid: args.kernelGrid ?? Math.max(1, Math.floor(crop / 16)),
    drawn,
    fresh: args.fresh,
    ring: args.ring,
    steps,
    settled: args.settled ?? Math.floor(steps / 4),
    batch: args.batch,
    rate: args.lr,
    warmup: args.warmup ?? Math.floor(steps / 50),
    clipNorm: args.clipNorm,
    seed: args.seed,
  };
}

/** The learning rates. */
export function slimSchedule({ rate, warmup, steps }: SlimTraining): Schedule {
  // A run that is shorter than its warm-up has none.
  return { kind: 'cosine', rate, warmup: warmup < steps ? warmup : 0, steps };
}
