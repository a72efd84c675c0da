// `facet paint`: style pictures of our own making.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { isStyleName, paintStyle, STYLE_NAMES } from '../node/paint/index.js';
import { checkPicturePath, writePicture } from '../node/pictures.js';
import { wholeNumber } from './arguments.js';

/** The sub-command `paint`. */
export function paintCommand(): Command {
  return new Command('paint')
    .description(`paint a style picture: ${STYLE_NAMES.join(', ')}`)
    .argument('<style>', STYLE_NAMES.join(' | '))
    .requiredOption('-o, --output <file>', 'picture to write (PNG, JPEG, WebP, TIFF)')
    .option('--size <pixels>', 'side of the square picture', wholeNumber('--size'), 512)
    .option('--seed <number>', 'another seed, another picture', wholeNumber('--seed'), 1)
    .option('--force', 'overwrite the output')
    .action(
      async (style: string, options: { output: string; size: number; seed: number; force?: boolean }) => {
        if (!isStyleName(style))
          throw new InputError(`there is no style ${style}; choose one of ${STYLE_NAMES.join(', ')}`);
        const write = options.force ? { force: true } : {};
        await checkPicturePath(options.output, write);
        await writePicture(
          options.output,
          paintStyle(style, { width: options.size, height: options.size, seed: options.seed }),
          write,
        );
        process.stdout.write(`${options.output}\n`);
      },
    );
}
