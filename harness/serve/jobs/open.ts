// The job store by where the user keeps things.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../../src/base/errors.js';
import { reasonOf } from '../../node/overwrite.js';
import { openJobFile } from './libsql-jobs.js';
import { openJobDatabase } from './postgres-jobs.js';
import type { JobStore, JobStoreOptions } from './types.js';

/** Jobs in PostgreSQL where `url` is given, else in jobs.db in `folder`, which is made where it is missing. */
export async function openJobs(
  url: string | undefined,
  folder: string,
  options: JobStoreOptions = {},
): Promise<JobStore> {
  if (url) return openJobDatabase(url, options);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${folder}: ${reasonOf(error)}`, { cause: error });
  });
  return openJobFile(join(folder, 'jobs.db'), options);
}
