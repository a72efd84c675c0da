// `facet stylize`: what it takes, and what its help says.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { CONVENTIONS, type ConventionName } from '../../src/nets/manifest.js';
import { VGG_NETS } from '../../src/nets/vgg.js';
import { PRESET_NAMES } from '../../src/style/options.js';
import {
  layerWeights,
  numberList,
  oneOf,
  precisionOption,
  realNumber,
  wholeNumber,
  wordOrNumber,
} from './arguments.js';
import { CHECKPOINT_OPTIONS, type StylizeArguments } from './stylize-arguments.js';
import { refuseWithReplay } from './stylize-replay.js';
import { runStylize } from './stylize-run.js';
import { tuningOption } from './tuning-option.js';

/** The sub-command `stylize`. */
export function stylizeCommand(): Command {
  const command = new Command('stylize')
    .description(
      'paint a picture in the style of one or more others: it minimises\nalpha * content loss + beta * style loss + smoothness',
    )
    .argument('<content>', 'picture whose content is kept, or a folder of pictures')
    .argument('<styles...>', 'pictures whose style is taken')
    .requiredOption(
      '-o, --output <path>',
      'picture to write (PNG, JPEG, WebP, TIFF), or for a folder a folder, made where it is missing',
    );
  addRunOptions(command);
  addTileOptions(command);
  addOptimiserOptions(command);
  addLossOptions(command);
  addPictureOptions(command);
  addFileOptions(command);
  command.action(
    async (content: string, styles: string[], options: Omit<StylizeArguments, 'content' | 'styles'>) => {
      const given = command.options
        .filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli')
        .map((option) => ({
          name: option.attributeName(),
          flag: option.long!,
          value: options[option.attributeName() as keyof typeof options] as unknown,
        }));
      if (options.resume !== undefined) refuseWithResume(given);
      if (options.replay !== undefined) refuseWithReplay(given);
      process.exitCode = await runStylize({ ...options, content, styles, given });
    },
  );
  return command;
}

function addRunOptions(command: Command): void {
  command
    .optionsGroup('Net, size and length:')
    .option('--net <name>', VGG_NETS.join(' | '), oneOf('--net', VGG_NETS), 'vgg19-slim')
    .option('--weights <path>', 'weights file or folder (else FACET_WEIGHTS, the cache, the embedded ones)')
    .option(
      '--input-convention <name>',
      'for weights files that do not tell: caffe | torchvision',
      oneOf('--input-convention', Object.keys(CONVENTIONS) as ConventionName[]),
    )
    .option(
      '--preset <name>',
      `what the options below default to: ${PRESET_NAMES.join(' | ')} (default: quality)`,
      oneOf('--preset', PRESET_NAMES),
    )
    .option('--size <pixels>', 'long side of the result (default: 512)', wholeNumber('--size'))
    .option(
      '--first-size <pixels>',
      'long side of the first scale; scales grow by sqrt 2 (default: 128; gatys and paper: one scale)',
      wholeNumber('--first-size'),
    )
    .option(
      '--iterations <n>',
      'steps over all scales (default: 1000 and 500 for each scale after the first; gatys 1000, paper 500)',
      wholeNumber('--iterations'),
    )
    .option('--seed <n>', 'of the noise and of the tiles (default: 0)', wholeNumber('--seed'))
    .addOption(tuningOption())
    .addOption(precisionOption());
}

function addTileOptions(command: Command): void {
  command
    .optionsGroup('Large pictures (those that do not fit in one piece are computed in tiles):')
    .option(
      '--tile <pixels>',
      'auto | off | side of a tile without its overlap (default: auto, the fewest tiles that fit)',
      wordOrNumber('--tile', ['auto', 'off']),
    )
    .option(
      '--tile-overlap <pixels>',
      'exact | fewer pixels around a tile: faster, and approximate (default: exact)',
      wordOrNumber('--tile-overlap', ['exact']),
    )
    .option(
      '--memory <MiB>',
      'GPU memory that a step may take (default: 4096 on software adapters, else 8192)',
      wordOrNumber('--memory', ['auto']),
    );
}

function addOptimiserOptions(command: Command): void {
  command
    .optionsGroup('Optimiser:')
    .option(
      '--optimizer <name>',
      'adam | lbfgs (default: adam; gatys: lbfgs)',
      oneOf('--optimizer', ['adam', 'lbfgs']),
    )
    .option(
      '--learning-rate <x>',
      'of pixels in 0..1 (default: 0.02; lbfgs: 1)',
      realNumber('--learning-rate'),
    )
    .option('--beta1 <x>', "decay of Adam's first moment (default: 0.9)", realNumber('--beta1'))
    .option(
      '--beta2 <x>',
      "decay of Adam's second moment (default: 0.99; paper: 0.999)",
      realNumber('--beta2'),
    )
    .option(
      '--epsilon <x>',
      'added to the root of the second moment (default: 1e-8)',
      realNumber('--epsilon'),
    )
    .option('--history <n>', 'pairs that lbfgs remembers (default: 10)', wholeNumber('--history'))
    .option(
      '--average-decay <x>',
      "decay of the average of Adam's pictures that is the result; 0: the last picture (default: 0.99; paper: 0)",
      realNumber('--average-decay'),
    );
}

function addLossOptions(command: Command): void {
  command
    .optionsGroup('Losses (the defaults of the three weights come with the net and the preset):')
    .option('--content-weight <x>', 'alpha: how much the content counts', realNumber('--content-weight'))
    .option('--style-weight <x>', 'beta: how much the style counts', realNumber('--style-weight'))
    .option(
      '--tv-weight <x>',
      'how much smoothness counts: the total variation of the picture',
      realNumber('--tv-weight'),
    )
    .option('--tv-form <name>', 'l1 | l2 (default: l2)', oneOf('--tv-form', ['l1', 'l2']))
    .option(
      '--content-layers <list>',
      'layers, with weights where they are not 1 (default: relu4_2)',
      layerWeights('--content-layers'),
    )
    .option(
      '--style-layers <list>',
      'likewise: relu1_1:2,relu2_1,… (default: relu1_1 to relu5_1, equal)',
      layerWeights('--style-layers'),
    )
    .option(
      '--style-loss <name>',
      'gram | w2 (mean and covariance) (default: gram)',
      oneOf('--style-loss', ['gram', 'w2']),
    )
    .option(
      '--normalization <name>',
      'scale of the losses: paper | mean | relative (default: relative; gatys: mean, paper: paper)',
      oneOf('--normalization', ['paper', 'mean', 'relative']),
    )
    .option('--pooling <name>', 'max | average (default: max)', oneOf('--pooling', ['max', 'average']))
    .option(
      '--pooling-scale <x>',
      'factor on what average pooling gives (default: 1)',
      realNumber('--pooling-scale'),
    )
    .option(
      '--padding <name>',
      'what conv1_1 sees beyond the edge: zero | replicate (default: replicate; gatys and paper: zero)',
      oneOf('--padding', ['zero', 'replicate']),
    );
}

function addPictureOptions(command: Command): void {
  command
    .optionsGroup('Pictures:')
    .option(
      '--style-scale <x>',
      'size of the styles over that of the result (default: 1)',
      realNumber('--style-scale'),
    )
    .option('--style-weights <list>', 'shares of several styles: 2,1', numberList('--style-weights'))
    .option('--init <start>', 'content | noise | style | a picture to start from (default: content)')
    .option(
      '--init-noise <x>',
      'share of noise in the first picture, 0..1 (default: 0)',
      realNumber('--init-noise'),
    )
    .option(
      '--color <mode>',
      'style | keep | match-histogram | match-moments (default: style)',
      oneOf('--color', ['style', 'keep', 'match-histogram', 'match-moments']),
    )
    .option('--content-mask <file>', 'colours name regions …')
    .option(
      '--style-mask <file...>',
      '… that take their style from the same colours here, one mask per style',
    );
}

function addFileOptions(command: Command): void {
  command
    .optionsGroup('Files and output:')
    .option('--bits <n>', '8 | 16 (PNG and TIFF)', wholeNumber('--bits'), 8)
    .option('--quality <n>', 'of JPEG and WebP, 1..100', wholeNumber('--quality'), 95)
    .option(
      '--save-every <n>',
      'write the picture and a checkpoint every n steps; the finished picture removes the checkpoint',
      wholeNumber('--save-every'),
    )
    .option('--trace <file>', 'write the losses per layer as JSON')
    .option('--plot <file>', 'draw the losses as SVG')
    .option('--checkpoint <file>', 'where a checkpoint is kept (default: <output>.checkpoint.safetensors)')
    .option(
      '--resume <file>',
      'go on from a checkpoint, with its options; may replace the picture that it is named after',
    )
    .option('--replay <file>', 'make a run of the studio again, from the recipe that it saved')
    .option(
      '--skip-existing',
      'leave pictures that exist, go on with those that have a checkpoint beside them',
    )
    .option('--force', 'replace outputs that exist; never what is also read')
    .option('--plan', 'print the memory plan and stop')
    .option('--json', 'print a JSON report on standard output')
    .option('--quiet', 'print nothing but errors');
}

function refuseWithResume(given: StylizeArguments['given']): void {
  const fixed = given.filter(({ name }) => CHECKPOINT_OPTIONS.includes(name));
  if (fixed.length === 0) return;
  const flags = fixed.map(({ flag }) => flag).join(', ');
  throw new InputError(`--resume goes on with the checkpoint's own options; leave out ${flags}`);
}
