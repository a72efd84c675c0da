// `facet sheet`: pictures side by side with labels.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { checkPicturePath, readPicture, writePicture } from '../node/pictures.js';
import { contactSheet } from '../node/sheet.js';
import { wholeNumber } from './arguments.js';

interface SheetArguments {
  output: string;
  columns: number;
  cell: number;
  title?: string;
  force?: boolean;
}

/** The sub-command `sheet`. */
export function sheetCommand(): Command {
  return new Command('sheet')
    .description('lay pictures side by side with labels')
    .argument('<pictures...>', 'files, or label=file')
    .requiredOption('-o, --output <file>', 'picture to write (PNG, JPEG, WebP, TIFF)')
    .option('--columns <n>', 'pictures in a row', wholeNumber('--columns'), 3)
    .option('--cell <pixels>', 'height of a picture', wholeNumber('--cell'), 256)
    .option('--title <text>', 'above all')
    .option('--force', 'overwrite the output')
    .action(runSheet);
}

async function runSheet(pictures: string[], options: SheetArguments): Promise<void> {
  if (options.columns < 1) throw new InputError(`--columns must be at least 1, got ${options.columns}`);
  const write = { quality: 90, ...(options.force ? { force: true } : {}) };
  await checkPicturePath(options.output, write);
  const cells = [];
  for (const text of pictures) {
    const [, label, path] = /^(?:([^=]*)=)?(.*)$/.exec(text)!;
    cells.push({ label: label ?? path!, image: await readPicture(path!, { where: 'sheet' }) });
  }
  const rows = [];
  for (let i = 0; i < cells.length; i += options.columns)
    rows.push({ images: cells.slice(i, i + options.columns) });
  const { cell, title } = options;
  await writePicture(
    options.output,
    await contactSheet(rows, title === undefined ? { cell } : { cell, title }),
    write,
  );
  process.stdout.write(`${options.output}\n`);
}
