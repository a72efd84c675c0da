// Where Facet's own files lie: the package folder, and the user's cache folder.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../base/errors.js';

/**
 * The folder of the package, found by walking up from a module to the package.json named facet: the same from
 * the sources, from a bundle in dist/ and when installed. InputError where there is none.
 */
export function packageRoot(moduleUrl: string = import.meta.url): string {
  const start = dirname(fileURLToPath(moduleUrl));
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && isFacet(file)) return folder;
    if (folder === dirname(folder))
      throw new InputError(`no package.json named facet in ${start} or above it`);
  }
}

/** The version of the package that a module belongs to. Errors as `packageRoot`. */
export function packageVersion(moduleUrl: string = import.meta.url): string {
  const text = readFileSync(join(packageRoot(moduleUrl), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function isFacet(file: string): boolean {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown }).name === 'facet';
  } catch {
    // Another package's broken file on the way up is not ours to judge.
    return false;
  }
}

/**
 * The user's cache folder for Facet: $FACET_CACHE, else the system's custom: ~/Library/Caches/facet on macOS,
 * %LOCALAPPDATA%\facet on Windows, $XDG_CACHE_HOME/facet or ~/.cache/facet elsewhere. It may not exist yet.
 */
export function cacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (env.FACET_CACHE) return env.FACET_CACHE;
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'facet');
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'facet');
  // The XDG base directory specification has relative paths ignored.
  const xdg = env.XDG_CACHE_HOME;
  return join(xdg && isAbsolute(xdg) ? xdg : join(home, '.cache'), 'facet');
}

/** Where tuning tables are kept: $FACET_TUNING, else `tuning` in the cache folder. It may not exist yet. */
export function tuningFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.FACET_TUNING || join(cacheFolder(env), 'tuning');
}

/**
 * The user's folder for what Facet keeps for good: $FACET_DATA, else the system's custom: ~/Library/Application
 * Support/facet on macOS, %LOCALAPPDATA%\facet on Windows, $XDG_DATA_HOME/facet or ~/.local/share/facet elsewhere. It
 * may not exist yet.
 */
export function dataFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (env.FACET_DATA) return env.FACET_DATA;
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'facet');
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'facet');
  const xdg = env.XDG_DATA_HOME;
  return join(xdg && isAbsolute(xdg) ? xdg : join(home, '.local', 'share'), 'facet');
}
