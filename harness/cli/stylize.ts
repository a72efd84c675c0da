// `facet stylize`: arguments, early checks, one picture or a folder of them.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { CONVENTIONS, type ConventionName } from '../../src/nets/manifest.js';
import { VGG_NETS } from '../../src/nets/vgg.js';
import { PRESET_NAMES } from '../../src/style/options.js';
import { layerWeights, numberList, oneOf, realNumber, wholeNumber } from './arguments.js';
import { runStylize, type StylizeArguments } from './stylize-run.js';

export function stylizeCommand(): Command {
  const command = new Command('stylize')
    .description('paint a picture in the style of one or more others')
    .argument('<content>', 'picture whose content is kept, or a folder of pictures')
    .argument('<styles...>', 'pictures whose style is taken')
    .requiredOption(
      '-o, --output <path>',
      'picture to write (PNG, JPEG, WebP, TIFF), or a folder for a folder',
    )
    .option('--net <name>', `${VGG_NETS.join(' | ')}`, oneOf('--net', VGG_NETS), 'vgg19-slim')
    .option('--weights <path>', 'weights file or folder (else FACET_WEIGHTS, the cache, the embedded ones)')
    .option(
      '--input-convention <name>',
      'for weights files that do not tell: caffe | torchvision',
      oneOf('--input-convention', Object.keys(CONVENTIONS) as ConventionName[]),
    )
    .option('--preset <name>', PRESET_NAMES.join(' | '), oneOf('--preset', PRESET_NAMES))
    .option('--size <pixels>', 'long side of the result (512)', wholeNumber('--size'))
    .option(
      '--first-size <pixels>',
      'long side of the first scale (128; scales grow by sqrt 2)',
      wholeNumber('--first-size'),
    )
    .option('--iterations <n>', 'optimisation steps over all scales', wholeNumber('--iterations'))
    .option('--optimizer <name>', 'adam | lbfgs', oneOf('--optimizer', ['adam', 'lbfgs']))
    .option('--learning-rate <x>', 'of pixels in 0..1', realNumber('--learning-rate'))
    .option('--content-weight <x>', 'alpha', realNumber('--content-weight'))
    .option('--style-weight <x>', 'beta', realNumber('--style-weight'))
    .option('--tv-weight <x>', 'smoothness', realNumber('--tv-weight'))
    .option('--tv-form <name>', 'l1 | l2', oneOf('--tv-form', ['l1', 'l2']))
    .option('--content-layers <list>', 'layers with weights: relu4_2:1', layerWeights('--content-layers'))
    .option('--style-layers <list>', 'relu1_1:1,relu2_1:1,…', layerWeights('--style-layers'))
    .option('--style-loss <name>', 'gram | w2 (mean and covariance)', oneOf('--style-loss', ['gram', 'w2']))
    .option(
      '--normalization <name>',
      'paper | mean | relative',
      oneOf('--normalization', ['paper', 'mean', 'relative']),
    )
    .option('--style-scale <x>', 'size of the styles over that of the result', realNumber('--style-scale'))
    .option('--style-weights <list>', 'shares of several styles: 2,1', numberList('--style-weights'))
    .option('--init <start>', 'content | noise | style | a picture to start from')
    .option('--init-noise <x>', 'share of noise in the first picture, 0..1', realNumber('--init-noise'))
    .option('--pooling <name>', 'max | average', oneOf('--pooling', ['max', 'average']))
    .option(
      '--padding <name>',
      'what conv1_1 sees beyond the edge: zero | replicate',
      oneOf('--padding', ['zero', 'replicate']),
    )
    .option(
      '--color <mode>',
      'style | keep | match-histogram | match-moments',
      oneOf('--color', ['style', 'keep', 'match-histogram', 'match-moments']),
    )
    .option('--content-mask <file>', 'colours name regions …')
    .option(
      '--style-mask <file...>',
      '… that take their style from the same colours here, one mask per style',
    )
    .option('--seed <n>', 'of the noise', wholeNumber('--seed'))
    .option(
      '--save-every <n>',
      'write the picture and a checkpoint every n steps',
      wholeNumber('--save-every'),
    )
    .option('--trace <file>', 'write the losses per layer as JSON')
    .option('--plot <file>', 'draw the losses as SVG')
    .option('--checkpoint <file>', 'where a checkpoint is kept (beside the output)')
    .option('--resume <file>', 'go on from a checkpoint, with its options')
    .option('--bits <n>', '8 | 16 (PNG and TIFF)', wholeNumber('--bits'), 8)
    .option('--quality <n>', 'of JPEG and WebP, 1..100', wholeNumber('--quality'), 95)
    .option('--plan', 'print the memory plan and stop')
    .option('--force', 'overwrite what exists')
    .option('--json', 'print a JSON report on standard output')
    .option('--quiet', 'print nothing but errors');
  command.action(
    async (content: string, styles: string[], options: Omit<StylizeArguments, 'content' | 'styles'>) => {
      if (options.resume) refuseWithResume(command);
      process.exitCode = await runStylize({ ...options, content, styles });
    },
  );
  return command;
}

/** Options that a checkpoint fixes. */
const FIXED_BY_CHECKPOINT = [
  'preset',
  'size',
  'firstSize',
  'iterations',
  'optimizer',
  'learningRate',
  'contentWeight',
  'styleWeight',
  'tvWeight',
  'tvForm',
  'contentLayers',
  'styleLayers',
  'styleLoss',
  'normalization',
  'styleScale',
  'init',
  'initNoise',
  'pooling',
  'padding',
  'color',
  'seed',
];

function refuseWithResume(command: Command): void {
  const given = FIXED_BY_CHECKPOINT.filter((name) => command.getOptionValueSource(name) === 'cli');
  if (given.length === 0) return;
  const flags = given.map(
    (name) => command.options.find((option) => option.attributeName() === name)?.long ?? name,
  );
  throw new InputError(`--resume goes on with the checkpoint's own options; leave out ${flags.join(', ')}`);
}
