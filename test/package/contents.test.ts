// The rules on the published package notice what breaks them; `npm run check:package` holds the real tarball against them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { BUDGET, REQUIRED } from '../../scripts/package/budget.mjs';
import {
  fileProblems,
  linkProblems,
  loadedAtOnce,
  sizeProblems,
  targetsOf,
} from '../../scripts/package/contents.mjs';
import { isChosen } from '../../scripts/package/lint.mjs';
import { newcomer, setWritable, snapshot } from '../../scripts/package/sandbox.mjs';

const manifest = {
  exports: {
    '.': { types: './dist/types/src/index.d.ts', default: './dist/index.js' },
    './package.json': './package.json',
  },
  bin: { facet: 'bin/facet.mjs' },
};
const whole = [...REQUIRED, 'dist/types/src/index.d.ts', 'dist/index.js', 'package.json', 'bin/facet.mjs'];
const filesOf = (paths: readonly string[]) => paths.map((path) => ({ path, size: 1 }));

describe('the files', () => {
  it('are those that are needed', () => expect(fileProblems(manifest, filesOf(whole))).toEqual([]));
  it.each([
    'test/types/consumer.ts',
    'src/index.ts',
    'dist/index.test.js',
    'dist/types/test/shared.d.ts',
    'docs/images/studio-hood.png',
    'dist/api/index.html',
    '.cache/facet-vulkan.json',
    'weights/notes.txt',
  ])('do not include %s', (path) => {
    expect(fileProblems(manifest, filesOf([...whole, path]))).toEqual([
      `${path} is packed, but no rule of scripts/package/budget.mjs allows it`,
    ]);
  });
  it.each(whole)('include %s', (path) => {
    expect(fileProblems(manifest, filesOf(whole.filter((other) => other !== path)))).toEqual([
      `${path} is missing`,
    ]);
  });
  it('are not empty', () => {
    const files = [...filesOf(whole), { path: 'dist/cli.js', size: 0 }];
    expect(fileProblems(manifest, files)).toEqual(['dist/cli.js is empty']);
  });
  it('are found under every condition', () => {
    expect(targetsOf({ '.': { import: { types: './a.d.ts', default: './a.js' }, require: null } })).toEqual([
      './a.d.ts',
      './a.js',
    ]);
  });
});

it('a README links to what is packed, and to other places', () => {
  const files = filesOf(['docs/style.md', 'docs/images/a.jpg']);
  const text = '[a](docs/style.md#x) ![b](docs/images/a.jpg) [c](https://example.com/) [d](docs) [e](#f)';
  expect(linkProblems('README.md', text, files)).toEqual([]);
  expect(linkProblems('README.md', '![a](docs/images/b.jpg "b")', files)).toEqual([
    'README.md links to docs/images/b.jpg, which is not packed',
  ]);
});

it('an entry point loads what it imports statically, once', () => {
  const texts: Record<string, string> = {
    'dist/a.js': 'import"./b.js";import{x}from"./c.js";const late=()=>import("./d.js");',
    'dist/b.js': 'export { x } from "./c.js";',
    'dist/c.js': 'export const x = "from elsewhere";',
    'dist/d.js': 'export {};'.repeat(100),
  };
  const size = (path: string) => gzipSync(texts[path]!, { level: 9 }).length;
  expect(loadedAtOnce('dist/a.js', (path) => Buffer.from(texts[path]!))).toBe(
    size('dist/a.js') + size('dist/b.js') + size('dist/c.js'),
  );
});

it('sizes stay within the budget', () => {
  const budget = { packed: 10, unpacked: 20, entries: { 'dist/a.js': 5 } };
  expect(sizeProblems({ packed: 10, unpacked: 20, entries: { 'dist/a.js': 5 } }, budget)).toEqual([]);
  expect(sizeProblems({ packed: 11, unpacked: 21, entries: { 'dist/a.js': 6 } }, budget)).toEqual([
    'the tarball has 11 bytes, of at most 10',
    'the package, unpacked, has 21 bytes, of at most 20',
    'dist/a.js has 6 bytes, of at most 5',
  ]);
  // A bundle that is not there is no small one.
  expect(sizeProblems({ packed: 1, unpacked: 1, entries: {} }, budget)).toHaveLength(1);
  expect(BUDGET.packed).toBeLessThan(BUDGET.unpacked);
});

it('only what is a choice passes are-the-types-wrong', () => {
  expect(isChosen({ kind: 'NoResolution', resolutionKind: 'node10' })).toBe(true);
  expect(isChosen({ kind: 'NoResolution', resolutionKind: 'bundler' })).toBe(false);
  expect(isChosen({ kind: 'UntypedResolution', resolutionKind: 'node10' })).toBe(false);
  expect(isChosen({ kind: 'InternalResolutionError' })).toBe(false);
});

describe('the place without a repository', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facet-sandbox-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has nothing of Facet or npm in its environment', () => {
    const env = { PATH: '/bin', FACET_DATA: 'x', npm_execpath: 'x', NODE_OPTIONS: 'x', XDG_DATA_HOME: 'x' };
    const given = newcomer('/nowhere', { ...env, VK_DRIVER_FILES: 'd', MESA_SHADER_CACHE_DIR: 'm' });
    expect(given).toEqual({
      PATH: '/bin',
      VK_DRIVER_FILES: 'd',
      MESA_SHADER_CACHE_DIR: 'm',
      HOME: '/nowhere',
      USERPROFILE: '/nowhere',
    });
  });

  it('sees what was written, and lets itself be locked', async () => {
    mkdirSync(join(folder, 'a'));
    writeFileSync(join(folder, 'a', 'b'), 'one');
    const before = snapshot(folder);
    await setWritable(folder, false);
    await setWritable(folder, true);
    expect(snapshot(folder)).toEqual(before);
    writeFileSync(join(folder, 'a', 'c'), '');
    expect(snapshot(folder)).not.toEqual(before);
  });
});
