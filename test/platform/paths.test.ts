import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listNets } from '../../harness/node/weights.js';
import { InputError } from '../../src/base/errors.js';
import { cacheFolder, packageRoot } from '../../src/platform/node-paths.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facet-paths-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the folder', () => {
  it('of the package is found from the sources and from a bundle', async () => {
    const root = packageRoot();
    expect(packageRoot(pathToFileURL(join(root, 'dist', 'chunk.js')).href)).toBe(root);
    expect(listNets()).toEqual(['nn4.small2', 'vgg16', 'vgg19', 'vgg19-slim']);
    // Installed below a project of another name, with a broken package.json in between.
    const installed = join(folder, 'node_modules', 'facet');
    await mkdir(join(installed, 'dist', 'deep'), { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"name":"other"}');
    await cp(join(root, 'package.json'), join(installed, 'package.json'));
    await writeFile(join(installed, 'dist', 'package.json'), '{');
    expect(packageRoot(pathToFileURL(join(installed, 'dist', 'deep', 'x.js')).href)).toBe(installed);
    expect(() => packageRoot(pathToFileURL(join(folder, 'x.js')).href)).toThrow(InputError);
  });

  it("of the cache follows each system's custom", () => {
    const home = join('/', 'home', 'u');
    expect(cacheFolder({}, 'linux', home)).toBe(join(home, '.cache', 'facet'));
    expect(cacheFolder({ XDG_CACHE_HOME: '/x' }, 'linux', home)).toBe(join('/x', 'facet'));
    expect(cacheFolder({ XDG_CACHE_HOME: 'relative' }, 'linux', home)).toBe(join(home, '.cache', 'facet'));
    expect(cacheFolder({ XDG_CACHE_HOME: '/x' }, 'darwin', home)).toBe(
      join(home, 'Library', 'Caches', 'facet'),
    );
    expect(cacheFolder({ LOCALAPPDATA: '/l' }, 'win32', home)).toBe(join('/l', 'facet'));
    expect(cacheFolder({}, 'win32', home)).toBe(join(home, 'AppData', 'Local', 'facet'));
    expect(cacheFolder({ FACET_CACHE: '/f' }, 'win32', home)).toBe('/f');
  });
});
