// The store of enrolled people that a sub-command of `facet face` works on.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import type { GalleryStore } from '../../src/faces/gallery/store.js';
import type { CollectionFacts } from '../../src/faces/gallery/types.js';
import { dataFolder } from '../../src/platform/node-paths.js';
import { openGalleryFile } from '../node/gallery/libsql-store.js';
import { openGalleryDatabase } from '../node/gallery/postgres-store.js';
import { reasonOf } from '../node/overwrite.js';

export interface DatabaseArguments {
  db?: string;
  collection?: string;
}

/** The collection that is meant where none is named. */
export const DEFAULT_COLLECTION = 'people';

/** Adds the options of DatabaseArguments. */
export function databaseOptions(command: Command): Command {
  return command
    .optionsGroup('Gallery:')
    .option(
      '--db <path>',
      'file of the gallery, or postgres://… (default: $FACET_DATABASE_URL, else faces.db in the data folder)',
    )
    .option('--collection <name>', `collection of people (default: ${DEFAULT_COLLECTION})`);
}

/** Runs `work` with the store that `args` name; `create` makes a missing file. */
export async function withStore<T>(
  args: DatabaseArguments,
  { create }: { readonly create: boolean },
  work: (store: GalleryStore) => Promise<T>,
): Promise<T> {
  const place = args.db ?? (process.env.FACET_DATABASE_URL || join(dataFolder(), 'faces.db'));
  const store = await open(place, create, args.db === undefined);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function open(place: string, create: boolean, usual: boolean): Promise<GalleryStore> {
  const scheme = /^([a-z][a-z\d+.-]+):/i.exec(place)?.[1]?.toLowerCase();
  const option = usual ? 'FACET_DATABASE_URL' : '--db';
  if (place === '') throw new InputError(`${option} must name a file or a postgres:// address, it is empty`);
  if (scheme === 'postgres' || scheme === 'postgresql') {
    return openGalleryDatabase(place.replace(/^[^:]*/, scheme));
  }
  // Not a word of the rest: it may hold a password. One letter alone is a drive.
  if (scheme !== undefined) {
    throw new InputError(
      `${option} must name a file or a postgres:// address, got one that begins with another scheme; a file of such a name is ./NAME`,
    );
  }
  // A file in the data folder may be the first there; a path that the user wrote is taken at its word.
  if (create && usual) {
    const folder = dirname(place);
    await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      throw new InputError(`${folder}: ${reasonOf(error)}`, { cause: error });
    });
  }
  return openGalleryFile(place, { create });
}

/** The collection that `args` mean, if it exists. */
export async function findCollection(
  store: GalleryStore,
  args: DatabaseArguments,
): Promise<CollectionFacts | undefined> {
  const name = args.collection ?? DEFAULT_COLLECTION;
  return (await store.listCollections()).find((facts) => facts.name === name);
}

/** The same; InputError naming those that there are where it does not exist. */
export async function needCollection(store: GalleryStore, args: DatabaseArguments): Promise<CollectionFacts> {
  const found = await findCollection(store, args);
  if (found) return found;
  const names = (await store.listCollections()).map(({ name }) => JSON.stringify(name));
  const there = names.length === 0 ? 'it holds none; enroll makes one' : `there is ${names.join(', ')}`;
  throw new InputError(
    `${store.location}: no collection ${JSON.stringify(args.collection ?? DEFAULT_COLLECTION)}; ${there}`,
  );
}
