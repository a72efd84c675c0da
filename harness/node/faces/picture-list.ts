// Which picture files a list of files and folders means.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { InputError } from '../../../src/base/errors.js';
import { expandPattern } from '../globs.js';
import { reasonOf } from '../overwrite.js';

/** Endings, in lower case, of files that are looked at in folders. */
export const PICTURE_ENDINGS: ReadonlySet<string> = new Set([
  '.jpg',
  '.jpeg',
  '.png',
  '.webp',
  '.tif',
  '.tiff',
  '.avif',
  '.heic',
  '.gif',
]);

export interface ListedPicture {
  readonly path: string;
  /** Whether the file itself was named, not a folder above it. */
  readonly named: boolean;
  /** Name of the folder that it lies in. */
  readonly folder: string;
  /** Path below the folder that was named; the file's name where the file itself was. */
  readonly relative: string;
}

/**
 * The files that `paths` name, themselves or as patterns (`photos/*.jpg`), and the pictures in the folders that they
 * name, at any depth, each once, in order of name. Hidden files are passed over. InputError where a path does not
 * exist, a pattern matches nothing or a folder holds no picture.
 */
export async function listPictures(paths: readonly string[]): Promise<ListedPicture[]> {
  const found = new Map<string, ListedPicture>();
  for (const path of (await Promise.all(paths.map((text) => expandPattern(text)))).flat()) {
    const place = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw new InputError(`${path}: ${reasonOf(error)}`, { cause: error });
    });
    const files = place.isDirectory() ? await picturesIn(path) : [path];
    if (files.length === 0) {
      throw new InputError(`${path}: the folder holds no picture (${[...PICTURE_ENDINGS].join(' ')})`);
    }
    for (const file of files) {
      const key = resolve(file);
      if (found.has(key)) continue;
      const named = !place.isDirectory();
      found.set(key, {
        path: file,
        named,
        folder: basename(dirname(key)),
        relative: named ? basename(file) : relative(path, file),
      });
    }
  }
  return [...found.values()];
}

async function picturesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${folder}: ${reasonOf(error)}`, { cause: error });
  });
  const files: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    // A link may lead to a folder; those above it would be walked without end.
    if (entry.isDirectory()) files.push(...(await picturesIn(path)));
    else if (PICTURE_ENDINGS.has(extname(entry.name).toLowerCase())) files.push(path);
  }
  return files;
}
