// Files that appear whole or not at all, and never replace another unasked.
import { randomUUID } from 'node:crypto';
import { link, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../../src/base/errors.js';

export interface OverwriteOptions {
  /** Replace an existing file. */
  readonly force?: boolean;
}

export interface WriteOptions extends OverwriteOptions {
  /** Permission bits of the file, less those that the process masks (umask); default 0o666. */
  readonly mode?: number;
}

/**
 * The check to make before long work: the folder exists and takes new files, and `path` is free, or a regular
 * file that `force` allows to replace. InputError otherwise. Leaves nothing behind.
 */
export async function checkWritable(path: string, options: OverwriteOptions = {}): Promise<void> {
  await checkTarget(path, options);
  await probeFolder(dirname(await canonicalPath(path)), path);
}

/**
 * Makes and removes a file in `folder`, for what is to be written at `path`: permission bits alone do not tell,
 * for root and on read-only or virtual file systems. InputError where that fails.
 */
async function probeFolder(folder: string, path: string): Promise<void> {
  const probe = neighbourOf(join(folder, basename(path)));
  try {
    await (await open(probe, 'wx')).close();
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new InputError(`${path}: the folder ${folder} cannot be written (${code})`, { cause: error });
  }
  await rm(probe, { force: true });
}

/** `path` with its links followed as far as it exists: two names of one file become equal. */
export async function canonicalPath(path: string): Promise<string> {
  const absolute = resolve(path);
  const real = await realpath(absolute).catch(() => undefined);
  if (real !== undefined) return real;
  const folder = dirname(absolute);
  return folder === absolute ? absolute : join(await canonicalPath(folder), basename(absolute));
}

async function checkTarget(path: string, options: OverwriteOptions): Promise<void> {
  const folder = dirname(path);
  const place = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${path}: the folder ${folder} ${reasonOf(error)}`, { cause: error });
  });
  if (!place.isDirectory()) throw new InputError(`${path}: ${folder} is not a folder`);
  const target = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new InputError(`${path}: ${reasonOf(error)}`, { cause: error });
  });
  if (target?.isDirectory()) throw new InputError(`${path}: is a folder, a file name is needed`);
  if (target && !target.isFile()) throw new InputError(`${path}: is not a regular file`);
  if (target && !options.force) throw new InputError(`${path}: exists already; --force replaces it`);
}

/** A hidden name beside `path` that nobody else has. */
function neighbourOf(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 60)}.${randomUUID()}.part`);
}

/**
 * Writes a neighbour in the same folder, flushes it and moves it into place, so that a reader or a crash sees
 * the old file or the new one. Content that comes in parts is written as it comes. InputError as checkWritable, or when
 * the disk refuses; then nothing is left.
 */
export async function writeAtomically(
  path: string,
  content: Uint8Array | string | AsyncIterable<string>,
  options: WriteOptions = {},
): Promise<void> {
  await checkTarget(path, options);
  // A link stays a link: the file behind it is the one replaced.
  const target = await realpath(path).catch(() => path);
  const neighbour = neighbourOf(target);
  try {
    const file = await open(neighbour, 'wx', options.mode ?? 0o666);
    try {
      await writeFile(file, content);
      await file.sync();
    } finally {
      await file.close();
    }
    if (options.force) await rename(neighbour, target);
    else await moveIfFree(neighbour, target);
  } catch (error) {
    // What gives the parts may fail too, which is no matter of the file.
    if (error instanceof InputError || !(error instanceof Error && 'syscall' in error)) throw error;
    throw new InputError(`${path}: could not be written: ${reasonOf(error as NodeJS.ErrnoException)}`, {
      cause: error,
    });
  } finally {
    await rm(neighbour, { force: true });
  }
}

/** File systems without hard links; there a check just before the rename has to do. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** A hard link fails where the name is taken, a rename would replace: no race with another writer. */
async function moveIfFree(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new InputError(`${to}: exists already; --force replaces it`, { cause: error });
    if (!NO_LINKS.has(code ?? '')) throw error;
    await checkTarget(to, {});
    await rename(from, to);
  }
}

/** A system error in words. */
export function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'does not exist';
    case 'EEXIST':
      return 'is there already, and is no folder';
    case 'ENOTDIR':
      return 'runs through something that is not a folder';
    case 'EISDIR':
      return 'is a folder';
    case 'EACCES':
    case 'EPERM':
      return 'may not be accessed (permission denied)';
    case 'EROFS':
      return 'lies on a read-only disk';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full';
    case 'ENAMETOOLONG':
      return 'has too long a name';
    case 'ELOOP':
      return 'is a circle of links';
    default:
      return error.message;
  }
}
