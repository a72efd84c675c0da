// A folder of people, one sub-folder each, as lists of names: no picture is opened.
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { InputError } from '../../../src/base/errors.js';
import { PICTURE_ENDINGS } from '../faces/picture-list.js';
import { reasonOf } from '../overwrite.js';

/** One sub-folder. */
export interface PersonFiles {
  /** The sub-folder's name, which is the person's. */
  readonly name: string;
  /** Names of the pictures in it, sorted. */
  readonly files: readonly string[];
}

/** What is not used, and why. */
export interface Skipped {
  readonly path: string;
  readonly reason: string;
}

export interface PeopleListing {
  /** Sorted by name; each with at least one picture. */
  readonly people: readonly PersonFiles[];
  /** Of all people together. */
  readonly pictures: number;
  /** Files and folders that hold no picture of anybody. */
  readonly skipped: readonly Skipped[];
}

/** Folders that are read at once. */
const AT_ONCE = 16;

/**
 * The people in `folder`. Of 100,000 pictures only the names are held, and no file is asked for its size. InputError where
 * the folder cannot be read or holds nobody.
 */
export async function listPeople(folder: string): Promise<PeopleListing> {
  const skipped: Skipped[] = [];
  const names: string[] = [];
  for (const entry of await entriesOf(folder)) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (await leadsToFolder(entry, path)) names.push(entry.name);
    else skipped.push({ path, reason: 'lies in no folder of a person' });
  }
  names.sort();
  const people: PersonFiles[] = [];
  for (let first = 0; first < names.length; first += AT_ONCE) {
    const part = names.slice(first, first + AT_ONCE);
    for (const found of await Promise.all(part.map((name) => picturesOf(folder, name)))) {
      skipped.push(...found.skipped);
      if (found.person.files.length > 0) people.push(found.person);
    }
  }
  if (people.length === 0) {
    throw new InputError(
      `${folder}: holds no people; each needs a folder of pictures (${[...PICTURE_ENDINGS].join(' ')}), as ${join(folder, 'Ada', '1.jpg')}`,
    );
  }
  return { people, pictures: people.reduce((sum, { files }) => sum + files.length, 0), skipped };
}

async function picturesOf(
  folder: string,
  name: string,
): Promise<{ person: PersonFiles; skipped: readonly Skipped[] }> {
  const own = join(folder, name);
  const files: string[] = [];
  const skipped: Skipped[] = [];
  for (const entry of await entriesOf(own)) {
    if (entry.name.startsWith('.')) continue;
    const path = join(own, entry.name);
    if (entry.isDirectory()) skipped.push({ path, reason: 'is a folder within the folder of a person' });
    else if (PICTURE_ENDINGS.has(extname(entry.name).toLowerCase())) files.push(entry.name);
    else skipped.push({ path, reason: 'is no picture by its name' });
  }
  if (files.length === 0) skipped.push({ path: own, reason: 'holds no picture' });
  return { person: { name, files: files.sort() }, skipped };
}

async function entriesOf(folder: string) {
  return readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOTDIR' ? 'is a file, a folder of people is needed' : reasonOf(error);
    throw new InputError(`${folder}: ${reason}`, { cause: error });
  });
}

/** A link to a folder is a person's folder too. */
async function leadsToFolder(
  entry: { isDirectory(): boolean; isSymbolicLink(): boolean },
  path: string,
): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return stat(path).then(
    (place) => place.isDirectory(),
    () => false,
  );
}
