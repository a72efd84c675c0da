// A gallery by what a user calls it: a file, or the address of a database.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../../../src/base/errors.js';
import type { GalleryStore } from '../../../src/faces/gallery/store.js';
import { dataFolder } from '../../../src/platform/node-paths.js';
import { reasonOf } from '../overwrite.js';
import { openGalleryFile } from './libsql-store.js';
import { openGalleryDatabase } from './postgres-store.js';
import type { Passphrase } from './sealed/convert.js';
import type { SealedDatabase } from './sealed/database.js';
import { openSealedFile } from './sealed/file.js';
import { openSealedPostgres } from './sealed/postgres.js';

/** Where a gallery is, or will be. */
export interface GalleryPlace {
  /** Its path where it is a file. */
  readonly file?: string;
  /** Makes the data folder where the file lies in it: it may be the first there. A user's own path is taken at its word. */
  prepare(): Promise<void>;
  /** Opens it, which whoever does closes; `create` makes a missing file. InputError where the place cannot be used. */
  open(options: PlaceOptions): Promise<GalleryStore>;
  /** Opens it for `encryptGallery` and the like, which whoever does closes. InputError where it does not exist. */
  openSealed(): Promise<SealedDatabase>;
}

export interface PlaceOptions {
  readonly create: boolean;
  /** As GalleryFileOptions has it. */
  readonly passphrase?: Passphrase | undefined;
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
    const url = place.replace(/^[^:]*/, scheme);
    return {
      prepare: async () => {},
      open: ({ passphrase }) => openGalleryDatabase(url, passphrase === undefined ? {} : { passphrase }),
      openSealed: () => openSealedPostgres(url),
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
  return {
    file: place,
    prepare,
    open: ({ create, passphrase }) =>
      openGalleryFile(place, passphrase === undefined ? { create } : { create, passphrase }),
    openSealed: () => openSealedFile(place),
  };
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${folder}: ${reasonOf(error)}`, { cause: error });
  });
}
