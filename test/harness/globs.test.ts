// Patterns that no shell expanded.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listPictures } from '../../harness/node/faces/picture-list.js';
import { expandPattern } from '../../harness/node/globs.js';
import { InputError } from '../../src/base/errors.js';

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'facet-globs-'));
  for (const name of ['people/Ada', 'people/Bob', '.hidden']) mkdirSync(at(name), { recursive: true });
  const files = ['b2.jpg', 'b1.jpg', 'c.PNG', '.b3.jpg', 'we[1].jpg', 'we1.jpg'];
  for (const name of [...files, 'people/Ada/1.jpg', 'people/Bob/1.jpg', 'people/Bob/note.txt']) {
    writeFileSync(at(name), '');
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const expand = async (pattern: string, platform?: NodeJS.Platform) =>
  (await expandPattern(at(pattern), platform)).map((path) => path.slice(folder.length + 1));

it.each([
  ['*.jpg', ['b1.jpg', 'b2.jpg', 'we1.jpg', 'we[1].jpg']],
  ['b?.jpg', ['b1.jpg', 'b2.jpg']],
  ['{c,b1}.*', ['b1.jpg', 'c.PNG']],
  ['people/*', ['people/Ada', 'people/Bob']],
  ['**/1.jpg', ['people/Ada/1.jpg', 'people/Bob/1.jpg']],
  // A file of that very name comes before a pattern.
  ['we[1].jpg', ['we[1].jpg']],
  ['b[1-9].jpg', ['b1.jpg', 'b2.jpg']],
  ['.b*', ['.b3.jpg']],
  // Without such a character it is whoever opens it that says what is wrong.
  ['nowhere.jpg', ['nowhere.jpg']],
])('%s', async (pattern, paths) => {
  expect(await expand(pattern, 'linux')).toEqual(paths);
});

it('takes backslashes for folders on Windows, and no heed of capitals', async () => {
  expect(await expand('people\\*\\*.JPG', 'win32')).toEqual(['people/Ada/1.jpg', 'people/Bob/1.jpg']);
  await expect(expandPattern(at('people\\*\\1.jpg'), 'linux')).rejects.toThrow(InputError);
});

it('says so where nothing matches', async () => {
  await expect(listPictures([at('x*.jpg')])).rejects.toThrow(
    `${at('x*.jpg')}: nothing has this name, and as a pattern it matches nothing`,
  );
});

it('lists pictures as if they had been named', async () => {
  const pictures = await listPictures([at('b*.jpg'), at('people/*'), at('b1.jpg')]);
  expect(pictures.map(({ named, folder: f, relative }) => [relative, named, named ? '' : f])).toEqual([
    ['b1.jpg', true, ''],
    ['b2.jpg', true, ''],
    ['1.jpg', false, 'Ada'],
    ['1.jpg', false, 'Bob'],
  ]);
});
