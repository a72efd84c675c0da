// The pages of `facet face … --help` fit a terminal of 80 columns, and docs/faces.md tells what each `--json` prints.
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { faceCommand } from '../../harness/cli/face.js';

const face = faceCommand();

function page(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 80,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text;
}

it.each([face, ...face.commands].map((command) => [command.name(), command] as const))(
  '%s',
  (name, command) => {
    const text = page(command);
    expect(text).toMatch(new RegExp(`^Usage: .*${name}`));
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  },
);

it('every --json is in docs/faces.md', () => {
  const docs = readFileSync(new URL('../../docs/faces.md', import.meta.url), 'utf8');
  const told = face.commands.filter(({ options }) => options.some(({ long }) => long === '--json'));
  expect(told.length).toBeGreaterThan(10);
  for (const command of told) expect(docs).toContain(`\n| \`${command.name()}\` | `);
});
