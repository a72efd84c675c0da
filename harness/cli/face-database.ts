// The store of enrolled people that a sub-command of `facet face` works on.
import type { Command } from 'commander';
import { checkName } from '../../src/faces/gallery/checks.js';
import type { GalleryStore } from '../../src/faces/gallery/store.js';
import type { CollectionFacts } from '../../src/faces/gallery/types.js';
import { checkThreshold, type Judgement, judgementOf as judgementFor } from '../../src/faces/judgement.js';
import { collectionNamed, DEFAULT_COLLECTION, needCollectionNamed } from '../node/faces/judgement.js';
import type { FaceModels } from '../node/faces/models.js';
import { galleryPlace } from '../node/gallery/open.js';
import { checkWritable } from '../node/overwrite.js';
import { exists } from '../node/weights.js';
import { warn } from './face-options.js';
import { type PassphraseArguments, passphraseOf, passphraseOption } from './passphrase.js';

export { type Judgement, probabilityAt } from '../../src/faces/judgement.js';
export { DEFAULT_COLLECTION } from '../node/faces/judgement.js';

/** Where the gallery is, and what opens it. */
export interface PlaceArguments extends PassphraseArguments {
  db?: string;
}

export interface DatabaseArguments extends PlaceArguments {
  collection?: string;
}

/** Adds the options of PlaceArguments. */
export function placeOptions(command: Command): Command {
  return passphraseOption(
    command
      .optionsGroup('Gallery:')
      .option(
        '--db <path>',
        'file of the gallery, or postgres://… (default: $FACET_DATABASE_URL, else faces.db in the data folder)',
      ),
  );
}

/** Adds the options of DatabaseArguments. */
export function databaseOptions(command: Command): Command {
  return placeOptions(command).option(
    '--collection <name>',
    `collection of people (default: ${DEFAULT_COLLECTION})`,
  );
}

/** The collection that `args` mean, in the form in which galleries keep names; InputError where it cannot be one. */
export function collectionName({ collection = DEFAULT_COLLECTION }: DatabaseArguments): string {
  return checkName(collection, 'collection');
}

/** Runs `work` with the store that `args` name; InputError where there is no such file. */
export async function withStore<T>(
  args: DatabaseArguments,
  work: (store: GalleryStore) => Promise<T>,
): Promise<T> {
  const store = await galleryPlace(args).open({ create: false, passphrase: await passphraseOf(args) });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** A store that may yet have to be made. */
export interface StoreToFill {
  readonly location: string;
  /** Undefined where the file is missing. */
  readonly existing: GalleryStore | undefined;
  /** The store, made where it is missing: for what is about to go into it. */
  open(): Promise<GalleryStore>;
}

/**
 * Runs `work` with the store that `args` name. A missing file is made when it is opened, not before, so that none stays
 * behind where nothing is enrolled; InputError at once where it could not be made.
 */
export async function withStoreToFill<T>(
  args: DatabaseArguments,
  work: (store: StoreToFill) => Promise<T>,
): Promise<T> {
  const place = galleryPlace(args);
  const { file } = place;
  const passphrase = await passphraseOf(args);
  await place.prepare();
  const missing = file !== undefined && !(await exists(file));
  if (missing) await checkWritable(file);
  const existing = missing ? undefined : await place.open({ create: true, passphrase });
  let store = existing;
  try {
    return await work({
      location: existing?.location ?? file!,
      existing,
      open: async () => {
        store ??= await place.open({ create: true, passphrase });
        return store;
      },
    });
  } finally {
    await store?.close();
  }
}

/** The collection that `args` mean, if it exists. */
export async function findCollection(
  store: GalleryStore,
  args: DatabaseArguments,
): Promise<CollectionFacts | undefined> {
  return collectionNamed(store, collectionName(args));
}

/** The same; InputError naming those that there are where it does not exist. */
export async function needCollection(store: GalleryStore, args: DatabaseArguments): Promise<CollectionFacts> {
  return needCollectionNamed(store, collectionName(args));
}

/**
 * How distances are judged: see `judgementOf` of the faces. With a warning where the net's own threshold is taken, which was
 * measured with other weights.
 */
export function judgementOf(
  { pipeline: { embedder }, contract }: FaceModels,
  purpose: 'verify' | 'search',
  facts: CollectionFacts | undefined,
  threshold: number | undefined,
): Judgement {
  if (threshold !== undefined) checkThreshold(threshold, '--threshold');
  const judgement = judgementFor(embedder, purpose, facts, threshold);
  if (threshold === undefined && facts?.threshold == null && contract.weights !== embedder.measured) {
    warn(
      `the threshold of ${embedder.name} was measured with other weights than these; facet face threshold fits one`,
    );
  }
  return judgement;
}
