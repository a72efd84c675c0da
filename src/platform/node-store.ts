// Texts by name as files of one folder: whole or not at all, also with several processes at work.
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InputError } from '../base/errors.js';
import type { KeyValueStore } from './platform.js';

/** An update takes milliseconds: a lock this old was left by a process that ended in the middle of one. */
const STALE_LOCK_MS = 10_000;
const LOCK_POLL_MS = 10;

/** `<folder>/<key>.json` for each key; the folder is made by the first write. Keys are letters, digits, `.`, `_`, `-`. */
export function fileStore(folder: string): KeyValueStore {
  const path = (key: string) => {
    if (!/^[\w-][\w.-]*$/.test(key)) throw new InputError(`${key} cannot be the name of a stored text`);
    return join(folder, `${key}.json`);
  };
  const read = (key: string) =>
    readFile(path(key), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw failed(path(key), 'read', error);
    });
  const update = (key: string, change: (value: string | undefined) => string) =>
    locked(path(key), async () => replace(path(key), change(await read(key))));
  return {
    where: path,
    get: read,
    set: (key, value) => update(key, () => value),
    update,
    delete: async (key) => {
      await rm(path(key), { force: true }).catch((error: NodeJS.ErrnoException) => {
        throw failed(path(key), 'removed', error);
      });
    },
    setAside: async (key) => {
      const aside = join(folder, `${key}.damaged-${randomUUID().slice(0, 8)}`);
      await rename(path(key), aside).catch((error: NodeJS.ErrnoException) => {
        throw failed(path(key), 'renamed', error);
      });
      return aside;
    },
  };
}

/** Writes a neighbour and moves it into place: a reader sees the old text or the new one. */
async function replace(path: string, text: string): Promise<void> {
  const neighbour = `${path}.${randomUUID()}.part`;
  try {
    const file = await open(neighbour, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(neighbour, path);
  } catch (error) {
    throw failed(path, 'written', error as NodeJS.ErrnoException);
  } finally {
    await rm(neighbour, { force: true });
  }
}

/** Runs `work` while no other process runs it for the same file. */
async function locked(path: string, work: () => Promise<void>): Promise<void> {
  const lock = `${path}.lock`;
  await mkdir(dirname(path), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw failed(dirname(path), 'made', error);
  });
  const token = randomUUID();
  while (!(await taken(lock, token, path))) {
    if (!(await cleared(lock))) await sleep(LOCK_POLL_MS);
  }
  try {
    await work();
  } finally {
    // Held for too long, it may have been cleared away, and be another's by now.
    if ((await tokenOf(lock)) === token) await rm(lock, { force: true });
  }
}

/** Whether the lock was free, and is now that of `token`. InputError where nothing can be written at `path`. */
async function taken(lock: string, token: string, path: string): Promise<boolean> {
  try {
    await writeFile(lock, token, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw failed(path, 'written', error as NodeJS.ErrnoException);
  }
}

/**
 * Removes the lock where it is stale. Of several that find it so, one may: whoever makes a mark of the lock's own token,
 * and finds that same lock still there. The others would remove the next one's. InputError where it cannot be.
 */
async function cleared(lock: string): Promise<boolean> {
  const token = await tokenOf(lock);
  if (token === undefined || !(await isStale(lock))) return false;
  const mark = `${lock}.${token}.stale`;
  try {
    await writeFile(mark, '', { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw failed(lock, 'removed', error as NodeJS.ErrnoException);
    // Left by one that ended between its mark and its end.
    if (await isStale(mark)) await rm(mark, { force: true });
    return false;
  }
  try {
    const isSame = (await tokenOf(lock)) === token && (await isStale(lock));
    if (isSame) await rm(lock, { force: true });
    return isSame;
  } finally {
    await rm(mark, { force: true });
  }
}

/** What its holder wrote into a lock; undefined where there is none. */
async function tokenOf(lock: string): Promise<string | undefined> {
  return readFile(lock, 'utf8').catch(() => undefined);
}

async function isStale(file: string): Promise<boolean> {
  const held = await stat(file).catch(() => undefined);
  return held !== undefined && Date.now() - held.mtimeMs > STALE_LOCK_MS;
}

function failed(path: string, done: string, error: NodeJS.ErrnoException): InputError {
  return new InputError(`${path} could not be ${done} (${error.code ?? error.message})`, { cause: error });
}
