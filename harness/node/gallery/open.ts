// A gallery by what a user calls it: a file, or the address of a database.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../../../src/base/errors.js';
import type { GalleryStore } from '../../../src/faces/gallery/store.js';
import { dataFolder } from '../../../src/platform/node-paths.js';
import { reasonOf } from '../overwrite.js';
import { openGalleryFile } from './libsql-store.js';
import { openGalleryDatabase } from './postgres-store.js';

export interface GalleryPlace {
  /** A file or postgres://…; without it FACET_DATABASE_URL, else faces.db in the data folder. */
  readonly db?: string | undefined;
  /** Makes a missing file. */
  readonly create: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/** Opens the gallery; whoever opens it closes it. InputError where the place cannot be used. */
export async function openGallery({ db, create, env = process.env }: GalleryPlace): Promise<GalleryStore> {
  const usual = db === undefined;
  const place = db ?? (env.FACET_DATABASE_URL || join(dataFolder(env), 'faces.db'));
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
