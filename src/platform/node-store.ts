// Texts by name as files of one folder: whole or not at all, also with several processes at work.
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
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
  for (;;) {
    try {
      await (await open(lock, 'wx')).close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw failed(path, 'written', error as NodeJS.ErrnoException);
    }
    const held = await stat(lock).catch(() => undefined);
    if (held && Date.now() - held.mtimeMs > STALE_LOCK_MS) await rm(lock, { force: true });
    else await sleep(LOCK_POLL_MS);
  }
  try {
    await work();
  } finally {
    await rm(lock, { force: true });
  }
}

function failed(path: string, done: string, error: NodeJS.ErrnoException): InputError {
  return new InputError(`${path} could not be ${done} (${error.code ?? error.message})`, { cause: error });
}
