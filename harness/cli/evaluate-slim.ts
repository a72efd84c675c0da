// `facet train evaluate-slim`: how much of the style a slim VGG transfers, as the whole VGG sees it.
import { basename } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import type { RgbImage } from '../../src/base/image.js';
import { Device } from '../../src/gpu/device.js';
import type { LoadedWeights } from '../../src/nets/manifest.js';
import { nodePlatform } from '../../src/platform/node.js';
import { stylize } from '../../src/style/stylize.js';
import { SLIM_NET } from '../../src/training/vgg-slim.js';
import {
  distanceOf,
  inBytes,
  Judge,
  runOptionsOf,
  type Seen,
  squarePicture,
} from '../node/training/slim-measure.js';
import {
  findRun,
  openResults,
  type SlimResults,
  type SlimRun,
  type SlimSummary,
  saveResults,
  summarise,
} from '../node/training/slim-results.js';
import { findWeights } from '../node/weights.js';
import { numberList, oneOf, precisionOption, realNumber, wholeNumber } from './arguments.js';
import { print, printJson } from './face-options.js';
import { INTERRUPTED, interruptible } from './interrupt.js';
import { atLeast, positive } from './train-options.js';
import { readTuning, tuningOption } from './tuning-option.js';
import { WorkBar } from './work-bar.js';

interface EvaluateArguments {
  weights?: string;
  teacher?: string;
  teacherNet: 'vgg19' | 'vgg19-slim';
  inputConvention?: 'caffe' | 'torchvision';
  ratios: number[];
  directRatio: number;
  direct: boolean;
  size: number;
  steps: number;
  out: string;
  force?: boolean;
  precision: 'f32' | 'mixed';
  tuning?: string;
  quiet?: boolean;
  json?: boolean;
}

interface Pair {
  readonly content: string;
  readonly style: string;
}

/** The sub-command `train evaluate-slim`. */
export function evaluateSlimCommand(): Command {
  return new Command('evaluate-slim')
    .description("measure a slim VGG's style transfers by the whole VGG's losses, beside its own")
    .argument('<pictures...>', 'content and style, content and style …')
    .option('--weights <file>', 'the slim net (default: the one that comes with Facet)')
    .option('--teacher <path>', 'weights of the whole VGG (default: as --weights elsewhere)')
    .option(
      '--teacher-net <net>',
      'vgg19 | vgg19-slim',
      oneOf('--teacher-net', ['vgg19', 'vgg19-slim'] as const),
      'vgg19',
    )
    .option(
      '--input-convention <name>',
      'caffe | torchvision, for a teacher whose file does not tell',
      oneOf('--input-convention', ['caffe', 'torchvision'] as const),
    )
    .option('--ratios <list>', 'style weights of the slim net', numberList('--ratios'), [10, 20, 40, 80, 160])
    .option('--direct-ratio <w>', 'style weight of the whole VGG', realNumber('--direct-ratio'), 20)
    .option('--no-direct', 'no run of the whole VGG')
    .option('--size <px>', 'side of the pictures, middle squares', wholeNumber('--size'), 256)
    .option('--steps <n>', 'of Adam, from the content', wholeNumber('--steps'), 200)
    .option('--out <file>', 'results; runs that are in it are not made again', 'slim-evaluation.json')
    .option('--force', 'forget the results in it')
    .addOption(precisionOption())
    .addOption(tuningOption())
    .option('--quiet', 'no progress')
    .option('--json', 'print the table as JSON')
    .action(async (pictures: string[], args: EvaluateArguments) => {
      process.exitCode = await evaluate(pictures, args);
    });
}

async function evaluate(pictures: readonly string[], args: EvaluateArguments): Promise<number> {
  const pairs = pairsOf(pictures);
  atLeast('--size', args.size, 16);
  atLeast('--steps', args.steps, 1);
  positive('--direct-ratio', args.directRatio);
  for (const ratio of args.ratios) positive('--ratios', ratio);
  const teacher = await findWeights(args.teacherNet, {
    option: '--teacher',
    through: 'conv5_1',
    ...(args.teacher === undefined ? {} : { weights: args.teacher }),
    ...(args.inputConvention === undefined ? {} : { inputConvention: args.inputConvention }),
  });
  const slim = await findWeights(SLIM_NET, args.weights === undefined ? {} : { weights: args.weights });
  const settings = { size: args.size, steps: args.steps, slim: slim.sha256, teacher: teacher.sha256 };
  const results = await openResults(args.out, settings, args.force === true);
  const due = pairs.flatMap((pair) => runsOf(pair, args)).filter((one) => !findRun(results, one));
  const bar = new WorkBar('evaluating', args.quiet === true, 'steps');
  const interrupted = await interruptible(bar, 'stopping; runs that are done stay', async (signal) => {
    if (due.length > 0) await runAll(due, { args, teacher, slim, results, bar, signal });
    return signal.aborted;
  });
  const table = pairs.flatMap(({ content, style }) => summarise(results, content, style));
  if (args.json) printJson({ settings, table, complete: !interrupted });
  else for (const line of tableLines(table)) print(line);
  return interrupted ? INTERRUPTED : 0;
}

/** InputError unless contents and styles take turns. */
function pairsOf(pictures: readonly string[]): Pair[] {
  if (pictures.length % 2 !== 0) {
    throw new InputError(
      `pictures come in pairs, a content and its style; ${pictures.length} are given, the last is ${pictures.at(-1)}`,
    );
  }
  return Array.from({ length: pictures.length / 2 }, (_, i) => ({
    content: pictures[2 * i]!,
    style: pictures[2 * i + 1]!,
  }));
}

type Wanted = Pair & Pick<SlimRun, 'net' | 'ratio'>;

function runsOf(pair: Pair, { ratios, direct, directRatio }: EvaluateArguments): Wanted[] {
  return [
    { ...pair, net: 'initial', ratio: 0 },
    ...ratios.map((ratio) => ({ ...pair, net: 'slim' as const, ratio })),
    ...(direct ? [{ ...pair, net: 'direct' as const, ratio: directRatio }] : []),
  ];
}

interface Evaluation {
  readonly args: EvaluateArguments;
  readonly teacher: LoadedWeights;
  readonly slim: LoadedWeights;
  readonly results: SlimResults;
  readonly bar: WorkBar;
  readonly signal: AbortSignal;
}

/** Makes the runs in their order; each is kept when it is done. */
async function runAll(due: readonly Wanted[], evaluation: Evaluation): Promise<void> {
  const { args, teacher, slim, results, bar, signal } = evaluation;
  const { size, steps } = args;
  const tuning = await readTuning(args.tuning);
  const platform = nodePlatform();
  let device: Device | undefined;
  let judge: Judge | undefined;
  try {
    device = await Device.open(platform, { ...tuning, precision: args.precision });
    judge = new Judge(device, teacher, size);
    let current: (Pair & { pictures: readonly RgbImage[]; seen: readonly Seen[] }) | undefined;
    for (const [i, wanted] of due.entries()) {
      if (signal.aborted) return;
      const { content, style, net, ratio } = wanted;
      if (current?.content !== content || current.style !== style) {
        const pictures = [await squarePicture(content, size), await squarePicture(style, size)];
        current = {
          content,
          style,
          pictures,
          seen: [await judge.look(pictures[0]!), await judge.look(pictures[1]!)],
        };
      }
      const [picture, styled] = current.pictures as [RgbImage, RgbImage];
      const begun = performance.now();
      let image = picture;
      if (net !== 'initial') {
        const input = {
          device,
          weights: net === 'slim' ? slim : teacher,
          content: picture,
          style: styled,
          options: runOptionsOf(size, steps, ratio),
        };
        const result = await stylize(input, {
          signal,
          lossEvery: steps,
          onStep: ({ step }) => bar.update(i * steps + step, due.length * steps),
        });
        if (result.aborted) return;
        image = inBytes(result.image);
      }
      const distance = distanceOf(await judge.look(image), current.seen[1]!, current.seen[0]!);
      results.runs.push({ ...wanted, distance, seconds: (performance.now() - begun) / 1000 });
      await saveResults(args.out, results);
    }
  } finally {
    judge?.destroy();
    device?.destroy();
    platform.dispose();
  }
}

const NAMES = { initial: 'initial = content', direct: 'VGG-19 direct', slim: SLIM_NET } as const;

/** A table in Markdown. */
function tableLines(table: readonly SlimSummary[]): string[] {
  const layers = Object.keys(table[0]?.byLayer ?? {}).map((name) => name.replace('relu', ''));
  const rows = table.map(({ content, style, net, ratio, share, timesDirect, contentLoss, byLayer }) => [
    `${basename(content)} + ${basename(style)}`,
    NAMES[net],
    String(ratio),
    (100 * share).toFixed(1),
    Number.isFinite(timesDirect) ? timesDirect.toFixed(2) : '-',
    contentLoss.toFixed(3),
    Object.values(byLayer)
      .map((value) => value.toFixed(4))
      .join(' '),
  ]);
  const head = [
    'pair',
    'image',
    'ratio',
    'style loss, % of initial',
    'x direct',
    'content loss',
    `style loss by layer ${layers.join(' ')}`,
  ];
  const mean = table.filter(({ net }) => net === 'slim');
  const average = (100 * mean.reduce((sum, { share }) => sum + share, 0)) / mean.length;
  return [
    ...[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`),
    ...(mean.length > 0 ? [`${SLIM_NET} on average: ${average.toFixed(1)} % of the initial style loss`] : []),
  ];
}
