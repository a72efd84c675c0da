// A gallery by what a user calls it: a file, or the address of a database.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../../../src/base/errors.js';
import type { GalleryStore } from '../../../src/faces/gallery/store.js';
import { dataFolder } from '../../../src/platform/node-paths.js';
import { reasonOf } from '../overwrite.js';
import { openGalleryFile } from './libsql-store.js';
import { openGalleryDatabase } from './postgres-store.js';

/** Where a gallery is, or will be. */
export interface GalleryPlace {
  /** Its path where it is a file. */
  readonly file?: string;
  /** Makes the data folder where the file lies in it: it may be the first there. A user's own path is taken at its word. */
  prepare(): Promise<void>;
  /** Opens it, which whoever does closes; `create` makes a missing file. InputError where the place cannot be used. */
  open(options: { readonly create: boolean }): Promise<GalleryStore>;
}

/** The place that `db` names: a file or postgres://…; without it FACET_DATABASE_URL, else faces.db in the data folder. */
export function galleryPlace(
  { db }: { readonly db?: string | undefined },
  env: NodeJS.ProcessEnv = process.env,
): GalleryPlace {
  const usual = db === undefined;
  const place = db ?? (env.FACET_DATABASE_URL || join(dataFolder(env), 'faces.db'));
  const scheme = /^([a-z][a-z\d+.-]+):/i.exec(place)?.[1]?.toLowerCase();
  const option = usual ? 'FACET_DATABASE_URL' : '--db';
  if (place === '') throw new InputError(`${option} must name a file or a postgres:// address, it is empty`);
  if (scheme === 'postgres' || scheme === 'postgresql') {
    return {
      prepare: async () => {},
      open: () => openGalleryDatabase(place.replace(/^[^:]*/, scheme)),
    };
  }
  // Not a word of the rest: it may hold a password. One letter alone is a drive.
  if (scheme !== undefined) {
    throw new InputError(
      `${option} must name a file or a postgres:// address, got one that begins with another scheme; a file of such a name is ./NAME`,
    );
  }
  const prepare = async () => {
    if (usual) await makeFolder(dirname(place));
  };
  return { file: place, prepare, open: (options) => openGalleryFile(place, options) };
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${folder}: ${reasonOf(error)}`, { cause: error });
  });
}
