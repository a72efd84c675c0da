// What cannot be used is told in one line, with exit code 2, before any long work, and leaves no file behind.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeBadFiles } from './bad-files.js';
import { badInputs } from './bad-inputs.js';
import { facet, ownLines } from './facet.js';

let folder: string;
let before: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-bad-'));
  await makeBadFiles(folder);
  before = filesIn(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true }).map(String).sort();
}

it.concurrent.each(badInputs)('%s: exit 2, one line', async (_name, args, message) => {
  const { code, stdout, stderr } = await facet(args, {
    cwd: folder,
    env: { FACET_CACHE: join(folder, 'no-cache') },
  });
  // What does not fit the adapter is told after its name.
  const lines = ownLines(stderr).filter((line) => !line.endsWith(' · vgg19-slim'));
  expect(lines.join('\n')).toMatch(message);
  // Commander adds hints in parentheses: where the help is, what may have been meant.
  expect(lines.filter((line) => !line.startsWith('(')).length, stderr).toBe(1);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(code, stderr).toBe(2);
  // A plan is printed whether it fits or not.
  if (!args.includes('--plan')) expect(stdout).toBe('');
});

it('left no file behind', () => {
  expect(filesIn(folder)).toEqual(before);
});
