// `--tuning`: which of several ways of computing an op is taken.
import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { InputError } from '../../src/base/errors.js';
import type { DeviceOptions } from '../../src/gpu/device.js';
import { parseTable, type TuningTable, tableChoices } from '../../src/gpu/tuning-table.js';
import { reasonOf } from '../node/overwrite.js';

export { describeTuning } from '../bench/tuning.js';

const WORDS = ['cache', 'preset', 'default'] as const;

/** The option, for commands that open a device. */
export function tuningOption(): Option {
  return new Option(
    '--tuning <which>',
    'how ops are computed that can be in several ways: cache (as facet tune measured here, the preset elsewhere) | preset (shipped for this kind of adapter) | default | a table of facet tune --export (default: cache)',
  );
}

/** The file that --tuning names, undefined for a word. */
export function tuningFile(text: string | undefined): string | undefined {
  return text === undefined || WORDS.some((word) => word === text) ? undefined : text;
}

/** How a device is to be opened. InputError where the file that `text` names cannot be read or is no table. */
export async function readTuning(text: string | undefined): Promise<DeviceOptions> {
  const onNote = (line: string) => process.stderr.write(`note: ${line}\n`);
  const file = tuningFile(text);
  if (file !== undefined) return { onNote, tuning: tableChoices(await readTable(file, '--tuning')) };
  const word = WORDS.find((candidate) => candidate === text);
  return word ? { onNote, tuning: word } : { onNote };
}

/** A table from a file that `option` names. InputError where it cannot be read or is none. */
export async function readTable(file: string, option: string): Promise<TuningTable> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const words = option === '--tuning' ? ` (and is none of ${WORDS.join(', ')})` : '';
    throw new InputError(`${option} ${file}: ${reasonOf(error)}${words}`, { cause: error });
  });
  return parseTable(text, `${option} ${file}`);
}
