import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  applyEnvironment,
  cacheFolder,
  chosenDriver,
  environmentFile,
  readEnvironment,
  userEnvironment,
  writeEnvironment,
} from '../../scripts/lib/environment.mjs';
import { cacheFolder as platformCacheFolder } from '../../src/platform/node-paths.js';

let folder: string;
let before: NodeJS.ProcessEnv;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facet-environment-'));
  before = { ...process.env };
  for (const name of [
    'VK_DRIVER_FILES',
    'VK_ICD_FILENAMES',
    'VK_ADD_DRIVER_FILES',
    'FACET_VULKAN_REMEMBERED',
  ]) {
    delete process.env[name];
  }
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
  rmSync(folder, { recursive: true });
});

describe('the remembered environment', () => {
  it('lies in the .cache of a clone and in the cache folder of an installed package', () => {
    process.env.FACET_CACHE = join(folder, 'cache');
    expect(environmentFile(folder)).toBe(join(folder, 'cache', 'vulkan.json'));
    mkdirSync(join(folder, 'src'));
    mkdirSync(join(folder, 'scripts'));
    writeFileSync(join(folder, 'scripts', 'build.mjs'), '');
    expect(environmentFile(folder)).toBe(join(folder, '.cache', 'facet-vulkan.json'));
  });

  it('reads back what was written, unless a file that it names is gone', () => {
    process.env.FACET_CACHE = folder;
    expect(readEnvironment(folder)).toBeUndefined();
    const manifest = join(folder, 'icd.json');
    writeFileSync(manifest, '{}');
    const environment = { variables: { VK_DRIVER_FILES: manifest }, adapter: 'an adapter' };
    writeEnvironment(folder, environment);
    expect(readEnvironment(folder)).toEqual(environment);
    rmSync(manifest);
    expect(readEnvironment(folder)).toBeUndefined();
  });

  it('takes a file that was cut short as none', () => {
    process.env.FACET_CACHE = folder;
    writeFileSync(environmentFile(folder), '{"variables": {');
    expect(readEnvironment(folder)).toBeUndefined();
  });
});

describe('applyEnvironment', () => {
  it('sets the variables, and a child process does not take them for the user’s', () => {
    applyEnvironment({ variables: { VK_DRIVER_FILES: '/found/icd.json' } });
    expect(process.env.VK_DRIVER_FILES).toBe('/found/icd.json');
    expect(chosenDriver()).toBeUndefined();
    expect(userEnvironment().VK_DRIVER_FILES).toBeUndefined();
    expect(userEnvironment().PATH).toBe(process.env.PATH);
    applyEnvironment({ variables: { VK_DRIVER_FILES: '/newer/icd.json' } });
    expect(process.env.VK_DRIVER_FILES).toBe('/newer/icd.json');
  });

  it.each(['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'])(
    'leaves the user’s %s alone',
    (name) => {
      process.env[name] = '/chosen/icd.json';
      applyEnvironment({ variables: { VK_DRIVER_FILES: '/found/icd.json' } });
      expect(process.env[name]).toBe('/chosen/icd.json');
      expect(chosenDriver()).toBe(`${name}=/chosen/icd.json`);
      expect(userEnvironment()[name]).toBe('/chosen/icd.json');
    },
  );

  it('says so where a library to load first is no library', () => {
    const broken = join(folder, 'libvulkan.so.1');
    writeFileSync(broken, 'not a library');
    expect(() => applyEnvironment({ variables: {}, preload: broken })).toThrow(/libvulkan\.so\.1/);
  });
});

describe('cacheFolder', () => {
  it.each([
    [{ FACET_CACHE: '/own' }, 'linux'],
    [{ XDG_CACHE_HOME: '/xdg' }, 'linux'],
    [{ XDG_CACHE_HOME: 'relative' }, 'linux'],
    [{ XDG_CACHE_HOME: '' }, 'linux'],
    [{}, 'linux'],
    [{ XDG_CACHE_HOME: '/xdg' }, 'darwin'],
    [{ LOCALAPPDATA: 'D:\\Local' }, 'win32'],
    [{}, 'win32'],
  ] as const)('is where the product looks, with %o on %s', (env, platform) => {
    expect(cacheFolder(env, platform)).toBe(platformCacheFolder(env, platform));
  });
});
