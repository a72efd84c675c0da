// Patterns as `photos/*.jpg`, for shells that hand them on as they stand: cmd and PowerShell on Windows, or quotes.
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { glob } from 'tinyglobby';
import { InputError } from '../../src/base/errors.js';

/**
 * The paths that `path` means: itself, or, where nothing has that name and it has one of * ? [ {, the files and folders
 * that match it as a pattern, in order of name. Hidden ones match only where the pattern says the dot. On Windows
 * a backslash parts folders, elsewhere it takes a character's meaning away. InputError where nothing matches.
 */
export async function expandPattern(
  path: string,
  platform: NodeJS.Platform = process.platform,
): Promise<string[]> {
  if (!/[*?[{]/.test(path) || (await isThere(path))) return [path];
  const windows = platform === 'win32';
  const found = await glob(windows ? path.replaceAll('\\', '/') : path, {
    onlyFiles: false,
    expandDirectories: false,
    caseSensitiveMatch: !windows,
    absolute: isAbsolute(path),
  });
  if (found.length === 0)
    throw new InputError(`${path}: nothing has this name, and as a pattern it matches nothing`);
  // A folder comes with a slash at its end.
  return found.map((name) => name.replace(/(.)\/$/, '$1')).sort();
}

/** Errors other than a missing file are told by who opens it. */
async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    // Windows calls a name with * or ? invalid instead of missing.
    ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EINVAL',
  );
}
