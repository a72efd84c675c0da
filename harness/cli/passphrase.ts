// Where the passphrase of an encrypted gallery comes from: a file, the environment or the terminal, never an argument,
// which other users of the machine could read.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import type { Passphrase } from '../node/gallery/sealed/convert.js';
import { reasonOf } from '../node/overwrite.js';

export interface PassphraseArguments {
  passphraseFile?: string;
}

/** Adds the option of PassphraseArguments. */
export function passphraseOption(command: Command): Command {
  return command.option(
    '--passphrase-file <file>',
    'file whose first line is the passphrase of an encrypted gallery (default: $FACET_GALLERY_PASSPHRASE, else asked for)',
  );
}

/** The passphrase of `file`, else of the variable; undefined without both. InputError where the file cannot serve. */
export async function givenPassphrase(
  file: string | undefined,
  variable = 'FACET_GALLERY_PASSPHRASE',
  option = '--passphrase-file',
): Promise<string | undefined> {
  if (file === undefined) return process.env[variable] || undefined;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${option} ${file}: ${reasonOf(error)}`, { cause: error });
  });
  const [line] = text.split(/\r?\n/, 1);
  if (!line) throw new InputError(`${option} ${file}: the first line is empty`);
  return line;
}

/** What opens a gallery: what is given, else a question where there is a terminal. */
export async function passphraseOf(args: PassphraseArguments): Promise<Passphrase | undefined> {
  const given = await givenPassphrase(args.passphraseFile);
  return given ?? (isTerminal() ? () => ask('passphrase of the gallery') : undefined);
}

/** The passphrase of a gallery that is known to be encrypted; InputError where nobody can be asked. */
export async function needPassphrase(args: PassphraseArguments): Promise<string> {
  const passphrase = await passphraseOf(args);
  if (typeof passphrase === 'string') return passphrase;
  if (passphrase) return passphrase();
  throw new InputError(
    'the passphrase is missing: --passphrase-file, FACET_GALLERY_PASSPHRASE, or a terminal to ask at',
  );
}

/** A new passphrase: what is `given`, else asked for twice. `how` names the ways to give it. */
export async function newPassphrase(given: string | undefined, how: string): Promise<string> {
  if (given !== undefined) return given;
  if (!isTerminal()) throw new InputError(`the new passphrase is missing: ${how}, or a terminal to ask at`);
  const first = await ask('new passphrase');
  if ((await ask('again')) !== first) throw new InputError('the two passphrases are not the same');
  return first;
}

function isTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** A line from the terminal that is not shown. */
async function ask(what: string): Promise<string> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: unseen, terminal: true });
  process.stderr.write(`${what}: `);
  try {
    return await new Promise((done, failed) => {
      lines.once('close', () => failed(new InputError('no passphrase was typed')));
      lines.once('SIGINT', () => {
        lines.close();
        process.kill(process.pid, 'SIGINT');
      });
      lines.question('', done);
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
