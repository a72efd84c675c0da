// The store of enrolled people that a sub-command of `facet face` works on.
import type { Command } from 'commander';
import type { GalleryStore } from '../../src/faces/gallery/store.js';
import type { CollectionFacts } from '../../src/faces/gallery/types.js';
import { collectionNamed, DEFAULT_COLLECTION, needCollectionNamed } from '../node/faces/judgement.js';
import { openGallery } from '../node/gallery/open.js';

export { DEFAULT_COLLECTION, type Judgement, judgementOf, probabilityAt } from '../node/faces/judgement.js';

export interface DatabaseArguments {
  db?: string;
  collection?: string;
}

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
  const store = await openGallery({ db: args.db, create });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** The collection that `args` mean, if it exists. */
export async function findCollection(
  store: GalleryStore,
  args: DatabaseArguments,
): Promise<CollectionFacts | undefined> {
  return collectionNamed(store, args.collection ?? DEFAULT_COLLECTION);
}

/** The same; InputError naming those that there are where it does not exist. */
export async function needCollection(store: GalleryStore, args: DatabaseArguments): Promise<CollectionFacts> {
  return needCollectionNamed(store, args.collection ?? DEFAULT_COLLECTION);
}
