// The store of enrolled people that a sub-command of `facet face` works on.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import {
  type Calibration,
  parseCalibration,
  sameProbability,
} from '../../src/faces/evaluation/calibration.js';
import { checkName } from '../../src/faces/gallery/checks.js';
import type { GalleryStore } from '../../src/faces/gallery/store.js';
import type { CollectionFacts } from '../../src/faces/gallery/types.js';
import { dataFolder } from '../../src/platform/node-paths.js';
import type { FaceModels } from '../node/faces/models.js';
import { openGalleryFile } from '../node/gallery/libsql-store.js';
import { openGalleryDatabase } from '../node/gallery/postgres-store.js';
import { checkWritable, reasonOf } from '../node/overwrite.js';
import { exists } from '../node/weights.js';
import { warn } from './face-options.js';

export interface DatabaseArguments {
  db?: string;
  collection?: string;
}

/** The collection that is meant where none is named. */
const DEFAULT_COLLECTION = 'people';

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

/** The collection that `args` mean, in the form in which galleries keep names; InputError where it cannot be one. */
export function collectionName({ collection = DEFAULT_COLLECTION }: DatabaseArguments): string {
  return checkName(collection, 'collection');
}

/** Runs `work` with the store that `args` name; InputError where there is no such file. */
export async function withStore<T>(
  args: DatabaseArguments,
  work: (store: GalleryStore) => Promise<T>,
): Promise<T> {
  const store = await placeOf(args).open(false);
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
  const place = placeOf(args);
  const { file } = place;
  if (file !== undefined && args.db === undefined) await makeFolder(dirname(file));
  const missing = file !== undefined && !(await exists(file));
  if (missing) await checkWritable(file);
  const existing = missing ? undefined : await place.open(true);
  let store = existing;
  try {
    return await work({
      location: existing?.location ?? file!,
      existing,
      open: async () => {
        store ??= await place.open(true);
        return store;
      },
    });
  } finally {
    await store?.close();
  }
}

/** Where a store is. */
interface Place {
  /** Its path where it is a file. */
  readonly file?: string;
  /** `create` makes a missing file. */
  open(create: boolean): Promise<GalleryStore>;
}

function placeOf(args: DatabaseArguments): Place {
  const place = args.db ?? (process.env.FACET_DATABASE_URL || join(dataFolder(), 'faces.db'));
  const scheme = /^([a-z][a-z\d+.-]+):/i.exec(place)?.[1]?.toLowerCase();
  const option = args.db === undefined ? 'FACET_DATABASE_URL' : '--db';
  if (place === '') throw new InputError(`${option} must name a file or a postgres:// address, it is empty`);
  if (scheme === 'postgres' || scheme === 'postgresql') {
    return { open: () => openGalleryDatabase(place.replace(/^[^:]*/, scheme)) };
  }
  // Not a word of the rest: it may hold a password. One letter alone is a drive.
  if (scheme !== undefined) {
    throw new InputError(
      `${option} must name a file or a postgres:// address, got one that begins with another scheme; a file of such a name is ./NAME`,
    );
  }
  return { file: place, open: (create) => openGalleryFile(place, { create }) };
}

/** A file in the data folder may be the first there; a path that the user wrote is taken at its word. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${folder}: ${reasonOf(error)}`, { cause: error });
  });
}

/** The collection that `args` mean, if it exists. */
export async function findCollection(
  store: GalleryStore,
  args: DatabaseArguments,
): Promise<CollectionFacts | undefined> {
  const name = collectionName(args);
  return (await store.listCollections()).find((facts) => facts.name === name);
}

/** The same; InputError naming those that there are where it does not exist. */
export async function needCollection(store: GalleryStore, args: DatabaseArguments): Promise<CollectionFacts> {
  const found = await findCollection(store, args);
  if (found) return found;
  const names = (await store.listCollections()).map(({ name }) => JSON.stringify(name));
  const there = names.length === 0 ? 'it holds none; enroll makes one' : `there is ${names.join(', ')}`;
  throw new InputError(`${store.location}: no collection ${JSON.stringify(collectionName(args))}; ${there}`);
}

/** How distances are judged. */
export interface Judgement {
  readonly threshold: number;
  /** Null where nobody fitted one. */
  readonly calibration: Calibration | null;
}

/**
 * The user's threshold, else the collection's, else the net's for that purpose, with a warning where that was measured
 * with other weights.
 */
export function judgementOf(
  { pipeline: { embedder }, contract }: FaceModels,
  purpose: 'verify' | 'search',
  facts: CollectionFacts | undefined,
  threshold: number | undefined,
): Judgement {
  if (threshold !== undefined && !(threshold > 0 && threshold <= 4)) {
    throw new InputError(
      `--threshold is a squared L2 of vectors of length 1, above 0 and at most 4, got ${threshold}`,
    );
  }
  const chosen = threshold ?? facts?.threshold ?? null;
  if (chosen === null && contract.weights !== embedder.measured) {
    warn(
      `the threshold of ${embedder.name} was measured with other weights than these; facet face threshold fits one`,
    );
  }
  const fitted = facts?.calibration ? parseCalibration(facts.calibration, `collection ${facts.name}`) : null;
  return {
    threshold: chosen ?? (purpose === 'verify' ? embedder.threshold : embedder.searchThreshold),
    calibration: fitted ?? embedder.calibration ?? null,
  };
}

/** Probability of one person at this distance; null without a calibration. */
export function probabilityAt({ calibration }: Judgement, distance: number): number | null {
  return calibration && sameProbability(calibration, distance);
}
